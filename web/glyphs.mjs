// @ts-check
/**
 * Draws all units of a rank in two calls of the graphics card, which also moves them: a custom layer of MapLibre.
 *
 * The card has the records of fleet.mjs; between two frames of the feed only the clock changes, so ten thousand moving
 * units cost the page's thread no more than ten.
 */

/**
 * @import {CustomLayerInterface, CustomRenderMethodInput, MapLibreMap} from "maplibre-gl"
 * @import {Fleet} from "./fleet.mjs"
 */

import { FIELDS, ICONS, ORIGIN } from "./fleet.mjs";
import { SIZE, sheet } from "./icons.mjs";

const COLUMNS = 8;
const ROWS = Math.ceil(ICONS.length / COLUMNS);
const BYTES = FIELDS * 4;

const WHERE = `#version 300 es
precision highp float;
layout(location = 0) in vec2 corner;
layout(location = 1) in vec4 way;
layout(location = 2) in vec2 glide;
layout(location = 3) in vec4 look;
uniform mat4 matrix;
uniform vec2 viewport;
uniform float clock, rank, size, pixels_per_world;
out vec2 at;
flat out float shade;
vec4 place() {
  float part = glide.y > 0.0 ? clamp((clock - glide.x) / glide.y, 0.0, 1.0) : 1.0;
  return matrix * vec4(mix(way.xy, way.zw, part), 0.0, 1.0);
}
vec2 turned(vec2 v) {
  float s = sin(look.x), c = cos(look.x);
  return vec2(v.x * c + v.y * s, v.y * c - v.x * s);
}
`;

const ICON_VERTEX = `${WHERE}
void main() {
  vec4 p = place();
  p.xy += turned(corner) * size * 2.0 / viewport * p.w;
  gl_Position = look.z == rank ? p : vec4(2.0, 2.0, 2.0, 1.0);
  vec2 cell = vec2(mod(look.y, ${COLUMNS}.0), floor(look.y / ${COLUMNS}.0));
  at = (cell + vec2(corner.x + 0.5, 0.5 - corner.y)) / vec2(${COLUMNS}.0, ${ROWS}.0);
  shade = 1.0;
}`;

const ICON_FRAGMENT = `#version 300 es
precision mediump float;
uniform sampler2D sheet;
in vec2 at;
flat in float shade;
out vec4 colour;
void main() { colour = texture(sheet, at) * shade; }`;

/** The line ahead: from the middle of the icon along the course. `size` is its width. */
const LINE_VERTEX = `${WHERE}
void main() {
  vec4 p = place();
  float length = look.w * pixels_per_world;
  vec2 offset = vec2(corner.x * size, (corner.y + 0.5) * length);
  p.xy += turned(offset) * 2.0 / viewport * p.w;
  gl_Position = look.z == rank && length > 6.0 ? p : vec4(2.0, 2.0, 2.0, 1.0);
  at = vec2(corner.x * 2.0, 0.0);
  shade = rank;
}`;

const LINE_FRAGMENT = `#version 300 es
precision mediump float;
in vec2 at;
flat in float shade;
out vec4 colour;
void main() {
  float core = step(abs(at.x), 0.45);
  float alpha = mix(0.55, 0.95, shade);
  colour = vec4(mix(vec3(0.04, 0.06, 0.08), vec3(0.96, 0.97, 0.98), core), 1.0) * alpha;
}`;

/** @implements {CustomLayerInterface} */
export class Glyphs {
  type = /** @type {const} */ ("custom");
  renderingMode = /** @type {const} */ ("2d");
  #rank;
  #fleet;
  #scale;
  #now;
  /** @type {MapLibreMap | undefined} */ #map;
  /** @type {Drawing | undefined} */ #icons;
  /** @type {Drawing | undefined} */ #lines;
  /** @type {WebGLBuffer | null} */ #buffer = null;
  /** @type {WebGLTexture | null} */ #sheet = null;
  #uploaded = -1;
  #capacity = 0;

  /**
   * @param {string} id of the layer
   * @param {0 | 1} rank of the units that it draws
   * @param {Fleet} fleet
   * @param {number} scale of icons: 1 on an ordinary screen, more on a large one
   * @param {() => number} [now] milliseconds, as the fleet heard them
   */
  constructor(id, rank, fleet, scale, now = () => performance.now()) {
    this.id = id;
    this.#rank = rank;
    this.#fleet = fleet;
    this.#scale = scale;
    this.#now = now;
  }

  /**
   * @param {MapLibreMap} map
   * @param {WebGL2RenderingContext | WebGLRenderingContext} context
   */
  onAdd(map, context) {
    const gl = /** @type {WebGL2RenderingContext} */ (context);
    this.#map = map;
    this.#buffer = gl.createBuffer();
    this.#uploaded = -1;
    this.#capacity = 0;
    const corners = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, corners);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-0.5, -0.5, 0.5, -0.5, -0.5, 0.5, 0.5, 0.5]), gl.STATIC_DRAW);
    this.#icons = drawing(gl, ICON_VERTEX, ICON_FRAGMENT, corners, this.#buffer);
    this.#lines = drawing(gl, LINE_VERTEX, LINE_FRAGMENT, corners, this.#buffer);
    this.#sheet = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.#sheet);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, sheet(ICONS, COLUMNS));
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    gl.generateMipmap(gl.TEXTURE_2D);
  }

  /**
   * @param {WebGL2RenderingContext | WebGLRenderingContext} context
   * @param {CustomRenderMethodInput} input
   */
  render(context, { defaultProjectionData }) {
    const gl = /** @type {WebGL2RenderingContext} */ (context);
    const map = this.#map;
    if (!map || !this.#icons || !this.#lines || this.#fleet.size === 0) return;
    this.#upload(gl);
    const clock = (this.#now() - this.#fleet.zero) / 1000;
    const ratio = gl.drawingBufferWidth / map.getCanvas().clientWidth;
    const zoom = map.getZoom();
    const px = ratio * this.#scale * SIZE;
    // Far out ten thousand units are a cloud of small signs; those in pursuit keep their size.
    const size = this.#rank === 1 ? px * 1.05 : px * Math.min(0.7, Math.max(0.26, 0.26 + (zoom - 7) * 0.1));
    const common = {
      matrix: fromOrigin(defaultProjectionData.mainMatrix),
      clock,
      rank: this.#rank,
      viewport: /** @type {[number, number]} */ ([gl.drawingBufferWidth, gl.drawingBufferHeight]),
      pixels_per_world: 512 * 2 ** zoom * ratio,
    };
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.#sheet);
    this.#draw(gl, this.#lines, { ...common, size: (this.#rank === 1 ? 4 : 2.2) * ratio * this.#scale });
    this.#draw(gl, this.#icons, { ...common, size });
    gl.bindVertexArray(null);
  }

  /**
   * @param {MapLibreMap} _
   * @param {WebGL2RenderingContext | WebGLRenderingContext} context
   */
  onRemove(_, context) {
    const gl = /** @type {WebGL2RenderingContext} */ (context);
    gl.deleteBuffer(this.#buffer);
    gl.deleteTexture(this.#sheet);
    for (const drawn of [this.#icons, this.#lines]) {
      if (drawn) {
        gl.deleteProgram(drawn.program);
        gl.deleteVertexArray(drawn.array);
      }
    }
    this.#icons = this.#lines = undefined;
  }

  /** @param {WebGL2RenderingContext} gl */
  #upload(gl) {
    const { records, version, size } = this.#fleet;
    if (version === this.#uploaded) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffer);
    if (records.length > this.#capacity) gl.bufferData(gl.ARRAY_BUFFER, records, gl.DYNAMIC_DRAW);
    else gl.bufferSubData(gl.ARRAY_BUFFER, 0, records, 0, size * FIELDS);
    this.#capacity = Math.max(this.#capacity, records.length);
    this.#uploaded = version;
  }

  /**
   * @param {WebGL2RenderingContext} gl
   * @param {Drawing} drawn
   * @param {{matrix: Float32Array, clock: number, rank: number, size: number, viewport: [number, number], pixels_per_world: number}} values
   */
  #draw(gl, { program, array, uniform }, { matrix, viewport, ...numbers }) {
    gl.useProgram(program);
    gl.bindVertexArray(array);
    gl.uniformMatrix4fv(uniform("matrix"), false, matrix);
    gl.uniform2f(uniform("viewport"), ...viewport);
    for (const [name, value] of Object.entries(numbers)) gl.uniform1f(uniform(name), value);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.#fleet.size);
  }
}

/**
 * @typedef {object} Drawing
 * @property {WebGLProgram} program
 * @property {WebGLVertexArrayObject} array
 * @property {(name: string) => WebGLUniformLocation | null} uniform
 */

/**
 * @param {WebGL2RenderingContext} gl
 * @param {string} vertex
 * @param {string} fragment
 * @param {WebGLBuffer | null} corners
 * @param {WebGLBuffer | null} records
 * @returns {Drawing}
 */
function drawing(gl, vertex, fragment, corners, records) {
  const program = gl.createProgram();
  for (const [kind, source] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]])) {
    const shader = gl.createShader(kind);
    if (!shader) throw new Error("the graphics context is gone");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`the units cannot be drawn: ${gl.getProgramInfoLog(program)}`);
  }
  const array = gl.createVertexArray();
  gl.bindVertexArray(array);
  gl.bindBuffer(gl.ARRAY_BUFFER, corners);
  gl.enableVertexAttribArray(0);
  gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
  gl.bindBuffer(gl.ARRAY_BUFFER, records);
  for (const [location, numbers, from] of /** @type {[number, number, number][]} */ ([[1, 4, 0], [2, 2, 16], [3, 4, 24]])) {
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, numbers, gl.FLOAT, false, BYTES, from);
    gl.vertexAttribDivisor(location, 1);
  }
  gl.bindVertexArray(null);
  /** @type {Map<string, WebGLUniformLocation | null>} */
  const locations = new Map();
  const uniform = (/** @type {string} */ name) => {
    if (!locations.has(name)) locations.set(name, gl.getUniformLocation(program, name));
    return locations.get(name) ?? null;
  };
  return { program, array, uniform };
}

/**
 * MapLibre's matrix for places counted from ORIGIN; the sum is made with 64 bits, or near places would jitter.
 * @param {ArrayLike<number>} m column by column
 */
function fromOrigin(m) {
  const [x, y] = ORIGIN;
  const moved = new Float32Array(16);
  for (let i = 0; i < 16; i += 1) moved[i] = m[i] ?? 0;
  for (let row = 0; row < 4; row += 1) {
    moved[12 + row] = (m[row] ?? 0) * x + (m[4 + row] ?? 0) * y + (m[12 + row] ?? 0);
  }
  return moved;
}
