import { useEffect, useRef, useState } from 'react';

const settle_ms = 160;

/**
 * A value that changes at once when it changes rarely, and only after the last change when it changes quickly: somebody
 * running through a list with the arrows wants the list to keep up, not the detail of every row passed.
 */
export function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  const changed_at = useRef(0);
  useEffect(() => {
    const now = performance.now();
    const quick = now - changed_at.current < 2 * settle_ms;
    changed_at.current = now;
    const timer = setTimeout(() => setSettled(value), quick ? settle_ms : 0);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
