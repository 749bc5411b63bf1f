/** Name the projects that a repository is linked to. The service returns at most three of them. */
export function linkedTo(projects: readonly { name: string }[]): string {
  const [first, second, ...more] = projects.map((project) => project.name);
  if (!second) return `Linked to ${first}`;
  return more.length ? `Linked to ${first}, ${second} and more` : `Linked to ${first} and ${second}`;
}
