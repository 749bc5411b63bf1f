const numbers = new Intl.NumberFormat("en");
const plurals = new Intl.PluralRules("en");

/** Return a number with separators: "10,000". */
export function formatNumber(count: number): string {
  return numbers.format(count);
}

/** Return a number with its noun: "1 attempt", "0 attempts", "10,000 repositories". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${plurals.select(count) === "one" ? one : many}`;
}
