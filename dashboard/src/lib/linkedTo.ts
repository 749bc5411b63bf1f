/** Say to which projects a repository is linked; three of them are told, which stand for more. */
export function linkedTo(projects: readonly { name: string }[]): string {
  const [first, second, ...more] = projects.map((one) => one.name);
  if (!second) return `Linked to ${first}`;
  return more.length ? `Linked to ${first}, ${second} and others` : `Linked to ${first} and ${second}`;
}
