import type { ReactNode } from 'react';

/** The key that does the same; not read aloud, the shortcuts list does that. */
export function Kbd({ children }: { children: ReactNode }) {
  return (
    <span className="kbd" aria-hidden="true">
      {children}
    </span>
  );
}
