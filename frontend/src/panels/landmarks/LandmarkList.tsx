import { useTranslation } from 'react-i18next';
import { coordinates } from '../../i18n/format';
import { Field } from '../../ui/Field';
import { IconButton } from '../../ui/IconButton';
import type { Size } from './file';
import type { Landmark, Word } from './pairing';

const MOST_NAME = 64;

interface Props {
  landmarks: readonly Landmark[];
  size: Size;
  tell: (word: Word) => void;
}

/** The pairs so far: what they are called, and where they are in the picture and on the map. */
export function LandmarkList({ landmarks, size, tell }: Props) {
  const { t } = useTranslation();
  return (
    <ol className="landmark-list">
      {landmarks.map(({ no, name, x, y, lon, lat }) => (
        <li key={no} data-landmark={no}>
          <b>{no}</b>
          <Field
            label={t('landmarks.name_of', { no })}
            hideLabel
            value={name}
            onChange={(changed) => tell({ type: 'rename', no, name: changed })}
            maxLength={MOST_NAME}
          />
          <span className="muted">
            {t('landmarks.pixel', {
              x: (x * size.width).toFixed(1),
              y: (y * size.height).toFixed(1),
            })}
          </span>
          <span className="muted">{coordinates(lon, lat)}</span>
          <IconButton
            icon="bin"
            label={t('landmarks.remove', { no })}
            onPress={() => tell({ type: 'remove', no })}
          />
        </li>
      ))}
    </ol>
  );
}
