/** The symbols of the map, drawn on a canvas in the theme's colours at double resolution. */

import type { Map as MapLibreMap } from 'maplibre-gl';
import { CLASS_ORDER, type ObjectClass, type Severity } from '../api/types';
import type { Palette } from './palette';

type Pen = CanvasRenderingContext2D;
const SCALE = 2;

function draw(size: number, paint: (pen: Pen) => void): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = size * SCALE;
  canvas.height = size * SCALE;
  const pen = canvas.getContext('2d') as Pen;
  pen.scale(SCALE, SCALE);
  pen.translate(size / 2, size / 2);
  pen.lineJoin = 'round';
  pen.lineCap = 'round';
  paint(pen);
  return pen.getImageData(0, 0, size * SCALE, size * SCALE);
}

/** The outline that tells classes apart from afar: disc, pill, square, hexagon, diamond. */
function badge(pen: Pen, kind: ObjectClass, r: number): void {
  pen.beginPath();
  if (kind === 'person') pen.arc(0, 0, r, 0, 2 * Math.PI);
  else if (kind === 'group') pen.roundRect(-r * 1.35, -r, r * 2.7, r * 2, r);
  else if (kind === 'vehicle') pen.roundRect(-r, -r, 2 * r, 2 * r, 2);
  else if (kind === 'animal') polygon(pen, 6, r * 1.12, 30);
  else polygon(pen, 4, r * 1.28, 0);
  pen.closePath();
}

function polygon(pen: Pen, corners: number, r: number, turnDeg: number): void {
  for (let i = 0; i < corners; i++) {
    const angle = ((turnDeg + (i * 360) / corners) * Math.PI) / 180;
    pen.lineTo(r * Math.sin(angle), -r * Math.cos(angle));
  }
}

function human(pen: Pen, x: number): void {
  pen.beginPath();
  pen.arc(x, -3, 1.9, 0, 2 * Math.PI);
  pen.fill();
  pen.beginPath();
  pen.moveTo(x - 3, 4.4);
  pen.arc(x, 3, 3, Math.PI, 0);
  pen.lineTo(x + 3, 4.4);
  pen.closePath();
  pen.fill();
}

function pictogram(pen: Pen, kind: ObjectClass): void {
  if (kind === 'person') human(pen, 0);
  else if (kind === 'group') {
    human(pen, -3.9);
    human(pen, 3.9);
  } else if (kind === 'vehicle') {
    pen.beginPath();
    pen.roundRect(-5.2, -1, 10.4, 4, 1);
    pen.moveTo(-3.4, -1);
    pen.lineTo(-2, -4);
    pen.lineTo(2, -4);
    pen.lineTo(3.6, -1);
    pen.fill();
    for (const x of [-2.9, 2.9]) {
      pen.beginPath();
      pen.arc(x, 3.4, 1.4, 0, 2 * Math.PI);
      pen.fill();
    }
  } else if (kind === 'animal') {
    pen.beginPath();
    pen.ellipse(0, 2, 3.1, 2.5, 0, 0, 2 * Math.PI);
    pen.fill();
    for (const [x, y] of [
      [-3.4, -1.2],
      [-1.2, -3.2],
      [1.2, -3.2],
      [3.4, -1.2],
    ] as const) {
      pen.beginPath();
      pen.arc(x, y, 1.2, 0, 2 * Math.PI);
      pen.fill();
    }
  } else {
    pen.font = '600 11px "Noto Sans", sans-serif';
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.fillText('?', 0, 0.6);
  }
}

type TrackLook = 'confirmed' | 'tentative' | 'coasting';

function track(kind: ObjectClass, look: TrackLook, p: Palette): ImageData {
  return draw(30, (pen) => {
    const r = look === 'tentative' ? 5 : 8;
    badge(pen, kind, r);
    pen.lineWidth = 3.4;
    pen.strokeStyle = p.trackEdge;
    pen.stroke();
    if (look === 'confirmed') {
      pen.fillStyle = p.track;
      pen.fill();
      pen.fillStyle = p.trackEdge;
    } else {
      pen.fillStyle = p.halo;
      pen.fill();
      pen.lineWidth = 1.6;
      pen.strokeStyle = p.track;
      if (look === 'coasting') pen.setLineDash([3, 2]);
      pen.stroke();
      pen.fillStyle = p.track;
    }
    if (look !== 'tentative') pictogram(pen, kind);
  });
}

const SEVERITY_COLOUR: Record<Severity, keyof Palette> = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  very_high: 'veryHigh',
};

function severityPath(pen: Pen, severity: Severity, r: number): void {
  pen.beginPath();
  if (severity === 'medium') polygon(pen, 4, r * 1.1, 0);
  else if (severity === 'low') polygon(pen, 3, r * 1.12, 180);
  else polygon(pen, 3, r * 1.12, 0);
  pen.closePath();
}

type IncidentLook = 'new' | 'taken' | 'historical';

/** Only the worst is filled, so that high and very high differ without colour. A new one is
 * larger and tinted and calls; a taken one is small and ticked; a historical one is dashed. */
function incident(severity: Severity | 'life', look: IncidentLook, p: Palette): ImageData {
  return draw(38, (pen) => {
    const life = severity === 'life';
    const colour = life ? p.life : p[SEVERITY_COLOUR[severity]];
    const full = life || severity === 'very_high';
    if (look !== 'new') pen.scale(0.74, 0.74);
    if (life) {
      pen.beginPath();
      pen.roundRect(-11, -11, 22, 22, 4);
    } else severityPath(pen, severity, 14);
    pen.lineWidth = 7;
    pen.strokeStyle = p.halo;
    pen.stroke();
    pen.fillStyle = p.halo;
    pen.fill();
    pen.fillStyle = colour;
    pen.globalAlpha = full ? 1 : look === 'new' ? 0.3 : 0;
    pen.fill();
    pen.globalAlpha = 1;
    pen.lineWidth = 3;
    pen.strokeStyle = life ? p.onLife : colour;
    if (look === 'historical') pen.setLineDash([4, 3.4]);
    pen.stroke();
    pen.setLineDash([]);
    pen.strokeStyle = life ? p.onLife : full ? p.onSeverity : colour;
    pen.lineWidth = life ? 4 : 2.8;
    inner(pen, life ? 'life' : look, severity === 'low' ? -2 : severity === 'medium' ? 0 : 2);
  });
}

function inner(pen: Pen, mark: IncidentLook | 'life', y: number): void {
  pen.beginPath();
  if (mark === 'life') {
    pen.moveTo(0, -6);
    pen.lineTo(0, 6);
    pen.moveTo(-6, 0);
    pen.lineTo(6, 0);
  } else if (mark === 'historical') {
    pen.moveTo(0, y - 4.5);
    pen.lineTo(0, y + 0.6);
    pen.lineTo(3.4, y + 2.8);
  } else if (mark === 'taken') {
    pen.moveTo(-3.6, y);
    pen.lineTo(-0.8, y + 3);
    pen.lineTo(4, y - 3.2);
  } else {
    pen.moveTo(0, y - 5);
    pen.lineTo(0, y + 0.6);
    pen.moveTo(0, y + 4.6);
    pen.lineTo(0, y + 4.7);
  }
  pen.stroke();
}

type SensorLook = 'ok' | 'degraded' | 'down';

function sensor(kind: 'radar' | 'camera' | 'other', look: SensorLook, p: Palette): ImageData {
  return draw(28, (pen) => {
    const colour = look === 'ok' ? p.sensor : look === 'degraded' ? p.warn : p.bad;
    pen.beginPath();
    pen.arc(0, 0, 10, 0, 2 * Math.PI);
    pen.fillStyle = p.surface;
    pen.fill();
    pen.lineWidth = 1.8;
    pen.strokeStyle = colour;
    if (look === 'down') pen.setLineDash([3, 2.4]);
    pen.stroke();
    pen.setLineDash([]);
    pen.fillStyle = colour;
    pen.lineWidth = 1.6;
    pen.beginPath();
    if (kind === 'radar') {
      pen.arc(0, 2.4, 6, Math.PI * 1.15, Math.PI * 1.85);
      pen.moveTo(-2.6, 0.4);
      pen.arc(0, 2.4, 3, Math.PI * 1.2, Math.PI * 1.8);
      pen.stroke();
      pen.beginPath();
      pen.arc(0, 3.4, 1.7, 0, 2 * Math.PI);
      pen.fill();
    } else if (kind === 'camera') {
      pen.roundRect(-5.5, -3, 7.5, 6, 1.2);
      pen.moveTo(3, -0.6);
      pen.lineTo(6, -2.6);
      pen.lineTo(6, 2.6);
      pen.lineTo(3, 0.6);
      pen.fill();
    } else {
      pen.arc(0, 0, 3, 0, 2 * Math.PI);
      pen.fill();
    }
    if (look === 'down') {
      pen.lineWidth = 2;
      pen.beginPath();
      pen.moveTo(-7, 7);
      pen.lineTo(7, -7);
      pen.stroke();
    }
  });
}

function arrow(p: Palette): ImageData {
  return draw(18, (pen) => {
    pen.beginPath();
    pen.moveTo(-4, 4);
    pen.lineTo(0, -4);
    pen.lineTo(4, 4);
    pen.lineWidth = 4.6;
    pen.strokeStyle = p.halo;
    pen.stroke();
    pen.lineWidth = 2;
    pen.strokeStyle = p.fence;
    pen.stroke();
  });
}

/** Draw every symbol of the theme into the map; drawing again replaces them. */
export function addIcons(map: MapLibreMap, p: Palette): void {
  const images: Record<string, ImageData> = { 'fence-arrow': arrow(p) };
  for (const kind of CLASS_ORDER) {
    for (const look of ['confirmed', 'tentative', 'coasting'] as const) {
      images[`track-${kind}-${look}`] = track(kind, look, p);
    }
  }
  for (const severity of ['low', 'medium', 'high', 'very_high', 'life'] as const) {
    for (const look of ['new', 'taken', 'historical'] as const) {
      images[`incident-${severity}-${look}`] = incident(severity, look, p);
    }
  }
  for (const kind of ['radar', 'camera', 'other'] as const) {
    for (const look of ['ok', 'degraded', 'down'] as const) {
      images[`sensor-${kind}-${look}`] = sensor(kind, look, p);
    }
  }
  for (const [name, data] of Object.entries(images)) {
    if (map.hasImage(name)) map.updateImage(name, data);
    else map.addImage(name, data, { pixelRatio: SCALE });
  }
}
