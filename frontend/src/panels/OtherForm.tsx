import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Incident } from '../api/types';
import { localTime } from '../i18n/format';
import { useDistanceText, useSpoken } from '../i18n/spoken';
import { distanceM } from '../map/geo';
import { useLive } from '../state/live-store';
import { isOpen } from '../state/order';
import { Choice } from '../ui/Choice';
import { Empty } from '../ui/States';
import { StepForm, type StepProps } from './StepForm';
import { whatHappened } from './what';

const MOST = 30;

/** Which other alarm it is the same as, or has to do with; the nearest first. */
export function OtherForm(props: StepProps) {
  const { t } = useTranslation();
  const spoken = useSpoken();
  const distanceText = useDistanceText();
  const { incident, kind } = props;
  const [other, setOther] = useState<string | null>(null);
  const incidents = useLive((state) => state.incidents);
  const apart = (each: Incident) => distanceM([incident.lon, incident.lat], [each.lon, each.lat]);
  const others = [...incidents.values()]
    .filter((each) => isOpen(each) && each.id !== incident.id)
    .sort((a, b) => apart(a) - apart(b))
    .slice(0, MOST);
  return (
    <StepForm
      {...props}
      said={other === null ? null : kind === 'merge' ? { into: other } : { to: other }}
    >
      {others.length === 0 ? (
        <Empty icon="alarm">{t('step.no_other')}</Empty>
      ) : (
        <Choice
          label={t(`step.${kind}_which`)}
          look="list"
          value={other}
          options={others.map((each) => ({
            id: each.id,
            label: (
              <span data-other={each.no}>
                <strong>#{each.no}</strong> {whatHappened(t, each)}{' '}
                <span className="muted">
                  {localTime(Date.parse(each.opened_at), spoken)} · {distanceText(apart(each))}
                </span>
              </span>
            ),
          }))}
          onChange={setOther}
        />
      )}
    </StepForm>
  );
}
