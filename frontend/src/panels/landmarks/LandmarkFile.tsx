import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { command, fileName, landmarksFile, type Size } from './file';
import { type Landmark, LEAST, LEAST_FOCAL } from './pairing';

interface Props {
  sensor: string;
  landmarks: readonly Landmark[];
  size: Size | null;
  onSaved: () => void;
}

/** Gives the landmarks as a file, and tells what to do with it. */
export function LandmarkFile({ sensor, landmarks, size, onSaved }: Props) {
  const { t } = useTranslation();
  return (
    <div className="landmark-pane">
      <div>
        <p>{t('landmarks.run')}</p>
        <code className="landmark-command">{command(sensor)}</code>
        <p className="hint">
          {t('landmarks.focal', { focal: LEAST_FOCAL })}{' '}
          {size && t('landmarks.size', { width: size.width, height: size.height })}
        </p>
      </div>
      <div className="dialog-actions">
        <Button
          data-action="download"
          look="primary"
          isDisabled={!size || landmarks.length < LEAST}
          onPress={() => {
            if (!size) return;
            download(fileName(sensor), landmarksFile(landmarks, size));
            onSaved();
          }}
        >
          {t('landmarks.download')}
        </Button>
      </div>
    </div>
  );
}

/** A browser may begin to read the file a moment later. */
const READ_MS = 10_000;

function download(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), READ_MS);
}
