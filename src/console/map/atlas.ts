// The symbols of the map, drawn once for a theme into one picture that the graphics card keeps.
import { markPaths } from '../ui/PriorityMark.tsx';
import { token } from '../ui/theme.ts';
import { display_order } from './ranks.ts';

export const cell_px = 64;
export const cells = display_order.length + 1;
/** The last cell: what moves and is well. */
export const moving_cell = display_order.length;

function mark(pen: CanvasRenderingContext2D, priority: number, text: string) {
  pen.save();
  pen.scale(cell_px / 22, cell_px / 22);
  pen.translate(1, 1);
  const path = new Path2D(markPaths[priority]);
  pen.lineJoin = 'round';
  pen.lineWidth = 2;
  pen.strokeStyle = token('--map-ground');
  pen.stroke(path);
  pen.fillStyle = priority === 0 ? token('--raised') : token(`--p${priority}`);
  pen.fill(path);
  if (priority === 0) {
    pen.lineWidth = 1.6;
    pen.strokeStyle = token('--text');
    pen.stroke(path);
  }
  pen.fillStyle = priority === 0 ? token('--text') : token('--on-priority');
  pen.font = '700 11px "Inter Variable", sans-serif';
  pen.textAlign = 'center';
  pen.fillText(text, 10, priority === 1 ? 15.5 : 14);
  pen.restore();
}

function ring(pen: CanvasRenderingContext2D, dash: number[], text: string, width = 7) {
  const middle = cell_px / 2;
  pen.beginPath();
  pen.arc(middle, middle, middle - 8, 0, Math.PI * 2);
  pen.fillStyle = token('--map-land');
  pen.fill();
  pen.setLineDash(dash);
  pen.lineWidth = width;
  pen.strokeStyle = token('--normal');
  pen.stroke();
  pen.setLineDash([]);
  pen.fillStyle = token('--text');
  pen.font = '700 38px "Inter Variable", sans-serif';
  pen.textAlign = 'center';
  pen.fillText(text, middle, middle + 14);
}

function disc(pen: CanvasRenderingContext2D, colour: string, part: number) {
  pen.beginPath();
  pen.arc(cell_px / 2, cell_px / 2, (cell_px / 2 - 4) * part, 0, Math.PI * 2);
  pen.fillStyle = colour;
  pen.fill();
}

function hatched(pen: CanvasRenderingContext2D) {
  pen.save();
  pen.beginPath();
  pen.arc(cell_px / 2, cell_px / 2, cell_px / 2 - 8, 0, Math.PI * 2);
  pen.clip();
  pen.strokeStyle = token('--normal');
  pen.lineWidth = 6;
  for (let x = -cell_px; x < cell_px; x += 14) {
    pen.beginPath();
    pen.moveTo(x, cell_px);
    pen.lineTo(x + cell_px, 0);
    pen.stroke();
  }
  pen.restore();
}

const drawn: Record<(typeof display_order)[number], (pen: CanvasRenderingContext2D) => void> = {
  alarm_1: (pen) => mark(pen, 1, '1'),
  alarm_2: (pen) => mark(pen, 2, '2'),
  alarm_3: (pen) => mark(pen, 3, '3'),
  alarm_4: (pen) => mark(pen, 4, '4'),
  maintenance: (pen) => mark(pen, 0, 'M'),
  unknown: (pen) => ring(pen, [9, 9], '?'),
  stale: (pen) => {
    ring(pen, [], '', 5);
    hatched(pen);
  },
  unpowered: (pen) => ring(pen, [], '', 6),
  normal: (pen) => disc(pen, token('--normal'), 1),
  silent_kind: (pen) => disc(pen, token('--border'), 0.7),
  not_in_service: (pen) => ring(pen, [3, 9], ''),
};

/** Every symbol in a row, in the order of `display_order`, and the moving one. */
export function drawAtlas(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = cell_px * cells;
  canvas.height = cell_px;
  const pen = canvas.getContext('2d');
  if (!pen) return canvas;
  display_order.forEach((name, at) => {
    pen.save();
    pen.translate(at * cell_px, 0);
    drawn[name](pen);
    pen.restore();
  });
  pen.translate(moving_cell * cell_px, 0);
  pen.fillStyle = token('--text-2');
  pen.strokeStyle = token('--map-ground');
  pen.lineWidth = 5;
  pen.fill(new Path2D('M12 14h40v30h-40z'));
  pen.fill(new Path2D('M16 42h10v10h-10zM38 42h10v10h-10z'));
  return canvas;
}
