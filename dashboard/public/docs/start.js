// Starts Swagger UI on the page /docs. It is a file because the page's policy allows no script in the page.
SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  filter: true,
  // A token is forgotten when the page is closed.
  persistAuthorization: false,
  // The validator is a service of another company.
  validatorUrl: null,
});
