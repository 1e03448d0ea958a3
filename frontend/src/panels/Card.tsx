import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { select, useView } from '../state/view';
import { IconButton } from '../ui/IconButton';
import { EdgeCard } from './EdgeCard';
import { GeofenceCard } from './GeofenceCard';
import { IncidentCard } from './IncidentCard';
import { SensorCard } from './SensorCard';
import { TrackCard } from './TrackCard';

/** The card of whatever is selected. */
export function Card() {
  const { t } = useTranslation();
  const selection = useView((view) => view.selection);
  if (!selection) return null;
  return (
    <aside className="card" data-kind={selection.kind} aria-label={t('rail.card')}>
      {selection.kind === 'incident' && <IncidentCard key={selection.id} id={selection.id} />}
      {selection.kind === 'track' && <TrackCard key={selection.no} no={selection.no} />}
      {selection.kind === 'sensor' && <SensorCard key={selection.id} id={selection.id} />}
      {selection.kind === 'edge' && <EdgeCard key={selection.id} id={selection.id} />}
      {selection.kind === 'geofence' && <GeofenceCard key={selection.id} id={selection.id} />}
    </aside>
  );
}

export function CardHead({ title, children }: { title: string; children?: ReactNode }) {
  const { t } = useTranslation();
  return (
    <header className="card-head">
      <span className="card-back">
        <IconButton icon="back" label={t('action.back')} onPress={() => select(null)} />
      </span>
      <div className="card-title">
        {children}
        <h2>{title}</h2>
      </div>
      <span className="card-close">
        <IconButton icon="close" label={t('action.close')} onPress={() => select(null)} />
      </span>
    </header>
  );
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="card-section">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** Pairs of a word and its value. */
export function Facts({ facts }: { facts: [name: string, value: ReactNode][] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
