import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Incident } from '../api/types';
import { onNewAlarms } from '../state/live-store';
import { byUrgency } from '../state/order';
import { usePrefs } from '../state/prefs';
import { ring } from '../ui/sound';
import { useWaiting } from './Rail';
import { whatHappened } from './what';

const PULSE_MS = 1_600;

/** Tells of new alarms: a sound, a sentence for screen readers, one pulse, the page's title. */
export function Announcer() {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const waiting = useWaiting();

  useEffect(
    () =>
      onNewAlarms((alarms) => {
        const worst = [...alarms].sort(byUrgency)[0] as Incident;
        if (usePrefs.getState().sound) ring(worst.severity, worst.life_at_risk);
        setText(
          t('queue.announce', {
            severity: t(worst.life_at_risk ? 'severity.life' : `severity.${worst.severity}`),
            what: whatHappened(t, worst),
          }),
        );
        pulse(alarms.map((alarm) => alarm.id));
      }),
    [t],
  );
  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) ${t('app.name')}` : t('app.name');
  }, [waiting, t]);

  return (
    <p className="visually-hidden" role="alert">
      {text}
    </p>
  );
}

/** Once, on the rows and on the rail; the style sheet leaves it out under reduced motion. */
function pulse(ids: string[]): void {
  requestAnimationFrame(() => {
    const rows = ids.flatMap((id) => [...document.querySelectorAll(`[data-alarm-id="${id}"]`)]);
    for (const element of [...rows, ...document.querySelectorAll('.badge')]) {
      element.classList.add('pulse');
      setTimeout(() => element.classList.remove('pulse'), PULSE_MS);
    }
  });
}
