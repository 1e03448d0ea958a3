import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Check } from '../ui/Check';
import { StepForm, type StepProps } from './StepForm';

/** Which of the tracks are another alarm. */
export function SplitForm(props: StepProps) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { tracks } = props.incident;
  const tracksOf = tracks.filter((track) => chosen.has(track.id)).map((track) => track.id);
  const some = tracksOf.length > 0 && tracksOf.length < tracks.length;
  return (
    <StepForm {...props} said={some ? { tracks: tracksOf } : null}>
      <fieldset className="plain-fieldset">
        <legend className="label">{t('step.split_which')}</legend>
        {tracks.map((track) => (
          <Check
            key={track.id}
            isSelected={chosen.has(track.id)}
            onChange={(on) =>
              setChosen((before) => {
                const after = new Set(before);
                if (on) after.add(track.id);
                else after.delete(track.id);
                return after;
              })
            }
          >
            {t('tracks.track_no', { no: track.no ?? '–' })}
          </Check>
        ))}
      </fieldset>
    </StepForm>
  );
}
