// The layer that draws every asset: positions lie in the graphics card, and each change sends one list of indices.
import {
  type CustomLayerInterface,
  type CustomRenderMethodInput,
  type Map as GlMap,
  MercatorCoordinate,
} from 'maplibre-gl';
import { cell_px, cells, drawAtlas, moving_cell } from './atlas.ts';
import type { Points } from './points.ts';
import { display_order, rankOf, sizeOf } from './ranks.ts';

const vertex = `#version 300 es
uniform mat4 u_matrix;
uniform float u_size;
in vec2 a_position;
void main() {
  gl_Position = u_matrix * vec4(a_position, 0.0, 1.0);
  gl_PointSize = u_size;
}`;

const fragment = `#version 300 es
precision mediump float;
uniform sampler2D u_atlas;
uniform float u_cell;
uniform float u_cells;
out vec4 colour;
void main() {
  colour = texture(u_atlas, vec2((u_cell + gl_PointCoord.x) / u_cells, gl_PointCoord.y));
}`;

/** From here on in the order of states, nothing asks for an operator. */
const first_quiet = rankOf('maintenance');

/** A kind with more than these is a mass: its members are small, or they would hide everything else. */
const mass_kind = 3000;

/** And from here on nothing is even worth a second look. */
const first_calm = rankOf('unpowered');

/** While the map moves and no graphics card draws it, of a mass that is calm one in so many is drawn. */
const thinned = 3;

/** Without one, a stream of changes is drawn once a second; a change after a quiet second is drawn at once. */
const software_interval_ms = 1000;

/** Every third, then the rest: the first third of a batch is then spread over the whole city. */
function spread(indices: number[]): number[] {
  return Array.from({ length: thinned }, (_, part) => indices.filter((_index, at) => at % thinned === part)).flat();
}

/** Drawn by the processor: each point then costs a microsecond. */
function drawsInSoftware(gl: WebGL2RenderingContext): boolean {
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

interface Batch {
  state: number;
  group: number;
  first: number;
  count: number;
}

function shader(gl: WebGL2RenderingContext, type: number, source: string): WebGLShader {
  const made = gl.createShader(type);
  if (!made) throw new Error('no shader');
  gl.shaderSource(made, source);
  gl.compileShader(made);
  if (!gl.getShaderParameter(made, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(made) ?? 'shader');
  return made;
}

/** Moves a matrix's origin to the anchor, in doubles: absolute coordinates as floats would tremble when close. */
function anchored(matrix: ArrayLike<number>, x: number, y: number): Float32Array {
  const out = Float64Array.from(matrix);
  for (let row = 0; row < 4; row += 1) {
    out[12 + row] = (matrix[row] ?? 0) * x + (matrix[4 + row] ?? 0) * y + (matrix[12 + row] ?? 0);
  }
  return Float32Array.from(out);
}

export class PointsLayer {
  /** Two layers of the map, so that names stand above what is well and below what is wrong. */
  readonly quiet: CustomLayerInterface = {
    id: 'points-quiet',
    type: 'custom',
    onAdd: (map, gl) => this.onAdd(map, gl),
    onRemove: () => this.onRemove(),
    render: (_gl, frame) => this.draw(frame, (state) => rankOf(state) >= first_quiet),
  };
  readonly wrong: CustomLayerInterface = {
    id: 'points-wrong',
    type: 'custom',
    render: (_gl, frame) => this.draw(frame, (state) => rankOf(state) < first_quiet),
  };
  hidden: ReadonlySet<string> = new Set();
  private map: GlMap | null = null;
  private software = false;
  private ordered_at = Number.NEGATIVE_INFINITY;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private gl: WebGL2RenderingContext | null = null;
  private program: WebGLProgram | null = null;
  private array: WebGLVertexArrayObject | null = null;
  private places: WebGLBuffer | null = null;
  private order: WebGLBuffer | null = null;
  private atlas: WebGLTexture | null = null;
  private anchor = { x: 0.5, y: 0.5 };
  private batches: Batch[] = [];
  private groups: Uint8Array = new Uint8Array(0);
  private stalePlaces = true;
  private staleOrder = true;
  private staleAtlas = true;

  constructor(
    private points: Points,
    private mobile: (kind: string) => boolean,
  ) {}

  private onAdd(map: GlMap, context: WebGLRenderingContext | WebGL2RenderingContext) {
    const gl = context as WebGL2RenderingContext;
    this.map = map;
    this.gl = gl;
    this.software = drawsInSoftware(gl);
    // The last frame of a movement was thinned.
    if (this.software) map.on('moveend', () => map.triggerRepaint());
    const program = gl.createProgram();
    if (!program) throw new Error('no program');
    gl.attachShader(program, shader(gl, gl.VERTEX_SHADER, vertex));
    gl.attachShader(program, shader(gl, gl.FRAGMENT_SHADER, fragment));
    gl.bindAttribLocation(program, 0, 'a_position');
    gl.linkProgram(program);
    this.program = program;
    this.places = gl.createBuffer();
    this.order = gl.createBuffer();
    this.atlas = gl.createTexture();
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.places);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.order);
    gl.bindVertexArray(null);
    this.stalePlaces = true;
    this.staleOrder = true;
    this.staleAtlas = true;
  }

  private onRemove() {
    const { gl } = this;
    gl?.deleteProgram(this.program);
    gl?.deleteBuffer(this.places);
    gl?.deleteBuffer(this.order);
    gl?.deleteTexture(this.atlas);
    gl?.deleteVertexArray(this.array);
    this.gl = null;
    clearTimeout(this.waiting);
    this.waiting = undefined;
  }

  /** `shape`: points came or went, not only changed. */
  changed(shape: boolean) {
    this.staleOrder = true;
    if (shape || this.points.moved.size > 0) this.stalePlaces = true;
    const due = this.software && !shape ? this.ordered_at + software_interval_ms - performance.now() : 0;
    if (due <= 0) this.map?.triggerRepaint();
    else this.waiting ??= setTimeout(() => this.repaint(), due);
  }

  private repaint() {
    this.waiting = undefined;
    if (this.gl) this.map?.triggerRepaint();
  }

  themeChanged() {
    this.staleAtlas = true;
    this.map?.triggerRepaint();
  }

  private placeAll(gl: WebGL2RenderingContext) {
    const { points } = this;
    const counts = new Map<number, number>();
    for (const kind of points.kind) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const groupOfKind = points.kinds.map((name, kind) =>
      this.mobile(name) ? 2 : (counts.get(kind) ?? 0) > mass_kind ? 0 : 1,
    );
    this.groups = Uint8Array.from(points.kind, (kind) => groupOfKind[kind] ?? 1);
    const first = MercatorCoordinate.fromLngLat([points.lon[0] ?? 0, points.lat[0] ?? 0]);
    this.anchor = { x: first.x, y: first.y };
    const flat = new Float32Array(points.count * 2);
    for (let at = 0; at < points.count; at += 1) {
      const place = MercatorCoordinate.fromLngLat([points.lon[at] ?? 0, points.lat[at] ?? 0]);
      flat[at * 2] = place.x - first.x;
      flat[at * 2 + 1] = place.y - first.y;
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, this.places);
    gl.bufferData(gl.ARRAY_BUFFER, flat, gl.DYNAMIC_DRAW);
  }

  // The worst are drawn last, over everything else.
  private orderAll(gl: WebGL2RenderingContext) {
    const { points } = this;
    const ranks = points.states.map(rankOf);
    const hidden = points.kinds.map((name) => this.hidden.has(name));
    const buckets = new Map<number, number[]>();
    for (let at = 0; at < points.count; at += 1) {
      if (hidden[points.kind[at] ?? 0]) continue;
      const rank = ranks[points.state[at] ?? 0] ?? 0;
      const key = (99 - rank) * 4 + (this.groups[at] ?? 1);
      const bucket = buckets.get(key);
      if (bucket) bucket.push(at);
      else buckets.set(key, [at]);
    }
    const all = new Uint32Array(points.count);
    let next = 0;
    this.batches = [...buckets.entries()]
      .sort(([a], [b]) => a - b)
      .map(([key, bucket]) => {
        all.set(this.software && key % 4 === 0 ? spread(bucket) : bucket, next);
        next += bucket.length;
        const batch = {
          state: 99 - Math.floor(key / 4),
          group: key % 4,
          first: next - bucket.length,
          count: bucket.length,
        };
        return batch;
      });
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, all.subarray(0, next), gl.DYNAMIC_DRAW);
  }

  private fillAtlas(gl: WebGL2RenderingContext) {
    gl.bindTexture(gl.TEXTURE_2D, this.atlas);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, drawAtlas());
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  }

  private draw(frame: CustomRenderMethodInput, chosen: (state: string) => boolean) {
    const { gl, program, map } = this;
    if (!gl || !program || !map || this.points.count === 0) return;
    // biome-ignore lint/correctness/useHookAtTopLevel: this is WebGL, not React
    gl.useProgram(program);
    gl.bindVertexArray(this.array);
    gl.activeTexture(gl.TEXTURE0);
    if (this.staleAtlas) this.fillAtlas(gl);
    if (this.stalePlaces) this.placeAll(gl);
    if (this.staleOrder || this.stalePlaces) {
      this.orderAll(gl);
      this.ordered_at = performance.now();
    }
    this.staleAtlas = false;
    this.stalePlaces = false;
    this.staleOrder = false;
    gl.bindTexture(gl.TEXTURE_2D, this.atlas);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const matrix = anchored(frame.defaultProjectionData.mainMatrix as ArrayLike<number>, this.anchor.x, this.anchor.y);
    const place = (name: string) => gl.getUniformLocation(program, name);
    gl.uniformMatrix4fv(place('u_matrix'), false, matrix);
    gl.uniform1i(place('u_atlas'), 0);
    gl.uniform1f(place('u_cells'), cells);
    const zoom = map.getZoom();
    const ratio = map.getPixelRatio();
    const hurried = this.software && map.isMoving();
    for (const { state, group, first, count } of this.batches) {
      const name = display_order[state] ?? 'unknown';
      if (!chosen(name)) continue;
      const quietMover = group === 2 && name === 'normal';
      const size = sizeOf(name, group, zoom) * (quietMover ? 1.5 : 1);
      gl.uniform1f(place('u_size'), Math.min(Math.max(size * ratio, 1), cell_px));
      gl.uniform1f(place('u_cell'), quietMover ? moving_cell : Math.min(state, display_order.length - 1));
      const drawn = hurried && group === 0 && rankOf(name) >= first_calm ? Math.ceil(count / thinned) : count;
      gl.drawElements(gl.POINTS, drawn, gl.UNSIGNED_INT, first * 4);
    }
    gl.bindVertexArray(null);
  }
}
