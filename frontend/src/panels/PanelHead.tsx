import type { ReactNode } from 'react';

export function PanelHead({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <header className="panel-head">
      <h2>{title}</h2>
      {children}
    </header>
  );
}
