// What the server's processes take, as Linux counts it in /proc.
import { readdirSync, readFileSync } from 'node:fs';

const ticks_per_s = 100;
const read = (pid, name) => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
};
const kB = (text, name) => Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))?.[1] ?? 0);
const after = (pid) => read(pid, 'stat').split(') ').at(-1).split(' ');

/** vigied, and the PostgreSQL that it started in `folder`. */
function family(vigied, folder) {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map(all.map((pid) => [pid, Number(after(pid)[1])]));
  const roots = all.filter((pid) => pid === vigied || (read(pid, 'comm').startsWith('postgres') && read(pid, 'cmdline').includes(folder)));
  const found = new Set(roots);
  for (let grown = -1; grown !== found.size; ) {
    grown = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** Memory in MB: of the server by itself now and at most; and with its database, pages that they share counted once. */
export function memory(vigied, folder) {
  const status = read(vigied, 'status');
  const shares = family(vigied, folder).map((pid) => kB(read(pid, 'smaps_rollup'), 'Pss'));
  const MB = (amount) => Math.round(amount / 1024);
  return { server_MB: MB(kB(status, 'VmRSS')), server_peak_MB: MB(kB(status, 'VmHWM')), with_database_MB: MB(shares.reduce((a, b) => a + b, 0)) };
}

/** Seconds of a processor that the server took since it started. */
export function processor_s(pid) {
  const fields = after(pid);
  return (Number(fields[11]) + Number(fields[12])) / ticks_per_s;
}
