// Shape, digit and colour say the same thing three times: no one needs all of them to read it.
export const markPaths: Record<number, string> = {
  0: 'M6 2.5h8l4 7.5-4 7.5H6L2 10z',
  1: 'M10 1.5L19 18H1z',
  2: 'M10 .5L19.5 10 10 19.5.5 10z',
  3: 'M2 2h16v16H2z',
  4: 'M10 1a9 9 0 1 0 .01 0z',
};

/** `priority` 1 to 4; 0 is a maintenance notice, which is nobody's alarm. */
export function PriorityMark({ priority, size = 20 }: { priority: number; size?: number }) {
  const known = priority in markPaths ? priority : 4;
  return (
    <svg className={`mark mark-${known}`} width={size} height={size} viewBox="0 0 20 20" aria-hidden="true">
      <path d={markPaths[known]} />
      <text x="10" y={known === 1 ? 15.5 : 14}>
        {known === 0 ? 'M' : known}
      </text>
    </svg>
  );
}
