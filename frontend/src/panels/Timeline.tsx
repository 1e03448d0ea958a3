import { useTranslation } from 'react-i18next';
import type { IncidentEvent } from '../api/types';
import { localMoment } from '../i18n/format';
import { useSpoken } from '../i18n/spoken';
import { hubNow } from '../state/clock';

const KNOWN = new Set([
  'opened',
  'joined',
  'raised',
  'cleared',
  'overdue',
  'rang_again',
  'acknowledged',
  'handed_back',
  'dispatched',
  'recalled',
  'arrived',
  'resolved',
  'reopened',
  'snoozed',
  'woken',
  'merged',
  'absorbed',
  'split',
  'released',
  'linked',
  'unlinked',
  'noted',
]);

/** The number of the other incident of a step. */
const otherOf = ({ into_no, no }: Record<string, unknown>): unknown => into_no ?? no ?? '';

interface Step extends IncidentEvent {
  count: number;
}

/** Findings that joined one after the other are one step. */
export function steps(events: readonly IncidentEvent[]): Step[] {
  const list: Step[] = [];
  for (const event of [...events].sort((a, b) => a.no - b.no)) {
    const last = list.at(-1);
    if (event.kind === 'joined' && last?.kind === 'joined') {
      list[list.length - 1] = { ...event, count: last.count + 1 };
    } else list.push({ ...event, count: 1 });
  }
  return list;
}

export function Timeline({ events }: { events: readonly IncidentEvent[] }) {
  const { t, i18n } = useTranslation();
  const spoken = useSpoken();
  const now = hubNow();
  const text = (step: Step) => {
    if (step.kind === 'joined' && step.count > 1) return t('event.joined_n', { count: step.count });
    if (!KNOWN.has(step.kind)) return t('event.other', { kind: step.kind });
    if (step.kind === 'opened' && step.actor !== 'machine') {
      return t(step.detail.split_from ? 'event.opened_split' : 'event.opened_by_hand', {
        no: step.detail.from_no,
      });
    }
    return t(`event.${step.kind}`, {
      no: otherOf(step.detail),
      patrol: step.detail.patrol,
      count: Number(step.detail.count ?? 1),
      until: localMoment(Number(step.detail.until_us ?? 0) / 1000, now, spoken),
    });
  };
  const detail = ({ detail: { disposition, note, reason } }: Step) => {
    const said: string[] = [];
    if (typeof disposition === 'string' && i18n.exists(`disposition.${disposition}`)) {
      said.push(t(`disposition.${disposition}`));
    }
    if (typeof reason === 'string' && reason) said.push(reason);
    if (typeof note === 'string' && note) said.push(`“${note}”`);
    return said.join(' · ');
  };
  return (
    <ol className="timeline">
      {steps(events)
        .reverse()
        .map((step) => (
          <li key={step.no} data-kind={step.kind}>
            <time className="muted">{localMoment(Date.parse(step.at), now, spoken)}</time>
            <div>
              {text(step)} {step.actor !== 'machine' && <span className="muted">{step.actor}</span>}
              {detail(step) && <p className="timeline-note">{detail(step)}</p>}
            </div>
          </li>
        ))}
    </ol>
  );
}
