/** Ansible's host ranges: `node[01:50]`, `node[a:c]`, `node[0:10:2]`, several in one name. Throws a RangeError that says what is wrong. */
export function expandHostRange(pattern: string): readonly string[] {
  const match = /^(.*?)\[([^\]]*)\](.*)$/.exec(pattern);
  if (!match) {
    if (/[[\]]/.test(pattern)) throw new RangeError(`Unbalanced bracket in "${pattern}"`);
    return [pattern];
  }
  const [, before = '', inside = '', after = ''] = match;
  const rest = expandHostRange(after);
  return expandBracket(inside).flatMap((middle) => rest.map((tail) => before + middle + tail));
}

const largestRange = 10_000;

function expandBracket(inside: string): readonly string[] {
  const [from = '', to = '', step = '1', ...more] = inside.split(':');
  const areNumbers = /^\d+$/.test(from) && /^\d+$/.test(to);
  const areLetters = /^([a-z]:[a-z]|[A-Z]:[A-Z])$/.test(`${from}:${to}`);
  if (more.length > 0 || !/^[1-9]\d*$/.test(step) || (!areNumbers && !areLetters))
    throw new RangeError(`Not a range: "[${inside}]"; expected something like [01:50] or [a:c]`);
  if (areNumbers && from.length !== to.length && /^0\d/.test(from))
    throw new RangeError(`Not a range: "[${inside}]"; both ends need the same number of digits`);
  const first = areNumbers ? Number(from) : from.charCodeAt(0);
  const last = areNumbers ? Number(to) : to.charCodeAt(0);
  if (first > last) throw new RangeError(`The range "[${inside}]" runs backwards`);
  if (last - first >= largestRange) throw new RangeError(`The range "[${inside}]" has more than ${largestRange} hosts`);
  const count = Math.floor((last - first) / Number(step)) + 1;
  return Array.from({ length: count }, (_, index) => {
    const value = first + index * Number(step);
    return areNumbers ? String(value).padStart(from.length, '0') : String.fromCharCode(value);
  });
}
