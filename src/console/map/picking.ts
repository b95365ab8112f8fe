// What lies under the pointer. A custom layer has no queryRenderedFeatures, so we look for ourselves.
import KDBush from 'kdbush';
import type { Points } from './points.ts';

const metres_per_degree = 111_320;

export class Picker {
  private index: KDBush | null = null;
  private squeeze = 1;

  constructor(private points: Points) {}

  /** After points came, went or were read anew. */
  rebuild() {
    const { points } = this;
    if (points.count === 0) {
      this.index = null;
      return;
    }
    this.squeeze = Math.cos(((points.lat[0] ?? 0) * Math.PI) / 180);
    const index = new KDBush(points.count, 64, Float64Array);
    for (let at = 0; at < points.count; at += 1) index.add((points.lon[at] ?? 0) * this.squeeze, points.lat[at] ?? 0);
    index.finish();
    this.index = index;
  }

  /** The worst, then nearest, of what is within `radius_m`; -1 for nothing. */
  pick(lon: number, lat: number, radius_m: number, rank: (index: number) => number): number {
    if (!this.index) return -1;
    const radius = radius_m / metres_per_degree;
    const found = this.index.within(lon * this.squeeze, lat, radius).filter((at) => !this.points.moved.has(at));
    let best = -1;
    let bestRank = Number.POSITIVE_INFINITY;
    let bestDistance = Number.POSITIVE_INFINITY;
    for (const at of [...found, ...this.points.moved]) {
      const distance = this.distance(at, lon, lat);
      const own = rank(at);
      if (distance > radius || own < 0) continue;
      if (own < bestRank || (own === bestRank && distance < bestDistance)) {
        best = at;
        bestRank = own;
        bestDistance = distance;
      }
    }
    return best;
  }

  private distance(at: number, lon: number, lat: number): number {
    const x = ((this.points.lon[at] ?? 0) - lon) * this.squeeze;
    const y = (this.points.lat[at] ?? 0) - lat;
    return Math.hypot(x, y);
  }
}
