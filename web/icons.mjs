// @ts-check
/** The map's icons, drawn on a canvas: no files, sharp at every density. */

import { ABROAD, BORDER, INK, NIGHT, PATROL, PURSUIT } from "./palette.mjs";

const RATIO = 3;
/** Side of an icon, in CSS pixels, and of its cell on the sheet. */
export const SIZE = 36;
export const CELL_PX = SIZE * RATIO;

const ROLES = { patrol: PATROL, pursuit: PURSUIT, abroad: ABROAD };

/** @typedef {(context: CanvasRenderingContext2D, colour: string) => void} Drawing in a square of 36, origin in the middle */

/** @type {Record<string, Drawing>} */
const SHAPES = {
  arrow: (context, colour) => fill(context, arrow, colour),
  "arrow-hollow": (context, colour) => outline(context, arrow, colour),
  "arrow-doubt": (context, colour) => doubt(context, arrow, colour),
  dot: (context, colour) => fill(context, dot, colour),
  "dot-hollow": (context, colour) => outline(context, dot, colour),
  "dot-doubt": (context, colour) => doubt(context, dot, colour),
  lost: (context, colour) => {
    outline(context, dot, colour);
    stroke(context, cross, NIGHT, 7);
    stroke(context, cross, colour, 3.5);
  },
};

/**
 * The map's images by name: marks of crossings, and the ring around the unit that is selected.
 * @returns {Map<string, {image: ImageData, pixelRatio: number}>}
 */
export function icons() {
  const drawn = new Map([
    ["mark-crossed", draw((context) => mark(context, true))],
    ["mark-predicted", draw((context) => mark(context, false))],
    ["halo", draw(halo)],
  ]);
  return drawn;
}

/**
 * The icons of units on one sheet, row after row, cells of CELL_PX.
 * @param {readonly string[]} names `ROLE-SHAPE`, with `-foreign` for a unit of another state
 * @param {number} columns
 */
export function sheet(names, columns) {
  const canvas = document.createElement("canvas");
  canvas.width = columns * CELL_PX;
  canvas.height = Math.ceil(names.length / columns) * CELL_PX;
  const context = contextOf(canvas);
  names.forEach((name, number) => {
    const [, role = "", shape = "", foreign] = /^([a-z]+)-(.*?)(-foreign)?$/.exec(name) ?? [];
    const colour = ROLES[/** @type {keyof typeof ROLES} */ (role)];
    context.setTransform(RATIO, 0, 0, RATIO, ((number % columns) + 0.5) * CELL_PX, (Math.floor(number / columns) + 0.5) * CELL_PX);
    SHAPES[shape]?.(context, colour);
    if (foreign) otherState(context);
  });
  return canvas;
}

/** @param {(context: CanvasRenderingContext2D) => void} drawing */
function draw(drawing) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE * RATIO;
  const context = contextOf(canvas);
  context.scale(RATIO, RATIO);
  context.translate(SIZE / 2, SIZE / 2);
  drawing(context);
  return { image: context.getImageData(0, 0, canvas.width, canvas.height), pixelRatio: RATIO };
}

/** @param {HTMLCanvasElement} canvas */
function contextOf(canvas) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser gives no 2D canvas");
  context.lineJoin = "round";
  context.lineCap = "round";
  return context;
}

/**
 * A unit of another state than ours has a white eye.
 * @param {CanvasRenderingContext2D} context
 */
function otherState(context) {
  context.beginPath();
  context.arc(0, 2, 3.6, 0, 2 * Math.PI);
  context.fillStyle = INK;
  context.fill();
  context.strokeStyle = NIGHT;
  context.lineWidth = 1.6;
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context */
function arrow(context) {
  context.beginPath();
  context.moveTo(0, -14);
  context.lineTo(9, 11);
  context.lineTo(0, 5.5);
  context.lineTo(-9, 11);
  context.closePath();
}

/** @param {CanvasRenderingContext2D} context */
function dot(context) {
  context.beginPath();
  context.arc(0, 0, 8, 0, 2 * Math.PI);
}

/** @param {CanvasRenderingContext2D} context */
function cross(context) {
  context.beginPath();
  context.moveTo(-11, -11);
  context.lineTo(11, 11);
  context.moveTo(11, -11);
  context.lineTo(-11, 11);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {(context: CanvasRenderingContext2D) => void} path
 * @param {string} colour
 * @param {number} width
 */
function stroke(context, path, colour, width) {
  path(context);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {(context: CanvasRenderingContext2D) => void} path
 * @param {string} colour
 */
function fill(context, path, colour) {
  stroke(context, path, NIGHT, 5);
  path(context);
  context.fillStyle = colour;
  context.fill();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {(context: CanvasRenderingContext2D) => void} path
 * @param {string} colour
 */
function outline(context, path, colour) {
  stroke(context, path, NIGHT, 6);
  path(context);
  context.fillStyle = NIGHT;
  context.fill();
  stroke(context, path, colour, 2.2);
}

/**
 * Where it is, is not certain: the shape in a broken ring.
 * @param {CanvasRenderingContext2D} context
 * @param {(context: CanvasRenderingContext2D) => void} path
 * @param {string} colour
 */
function doubt(context, path, colour) {
  fill(context, path, colour);
  context.setLineDash([4, 5]);
  const ring = (/** @type {CanvasRenderingContext2D} */ target) => {
    target.beginPath();
    target.arc(0, 0, 15.5, 0, 2 * Math.PI);
  };
  stroke(context, ring, NIGHT, 4);
  stroke(context, ring, colour, 2);
  context.setLineDash([]);
}

/**
 * A crossing: a diamond, filled when it happened, broken when it is only expected.
 * @param {CanvasRenderingContext2D} context
 * @param {boolean} happened
 */
function mark(context, happened) {
  const diamond = (/** @type {CanvasRenderingContext2D} */ target) => {
    target.beginPath();
    target.moveTo(0, -12);
    target.lineTo(12, 0);
    target.lineTo(0, 12);
    target.lineTo(-12, 0);
    target.closePath();
  };
  stroke(context, diamond, NIGHT, 7);
  if (happened) {
    diamond(context);
    context.fillStyle = NIGHT;
    context.fill();
    stroke(context, diamond, INK, 2.5);
    context.beginPath();
    context.arc(0, 0, 4, 0, 2 * Math.PI);
    context.fillStyle = INK;
    context.fill();
  } else {
    context.setLineDash([4.5, 4.5]);
    stroke(context, diamond, BORDER, 3);
    context.setLineDash([]);
  }
}

/** @param {CanvasRenderingContext2D} context */
function halo(context) {
  context.beginPath();
  context.arc(0, 0, 16, 0, 2 * Math.PI);
  context.strokeStyle = INK;
  context.lineWidth = 2;
  context.stroke();
}
