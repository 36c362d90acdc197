// @ts-check
/** Colours of the map and its icons: Okabe and Ito's, which stay apart for colour-blind eyes. style.css has the same. */

export const PATROL = "#56b4e9";
export const PURSUIT = "#ff6a13"; // their vermilion, lightened until it reads on a dark ground
export const ABROAD = "#f0e442";
export const BORDER = "#ffb000";
export const INK = "#f4f7fa";
export const NIGHT = "#0b0f14";
export const LAND = "#1b2129";
export const WATER = "#0a1826";
export const SHORE = "#2d5878";

export const ALARM = "#ff5a4f";

/** Tints over the land of each state: told apart by the border and the labels, and by hue for those who see it. */
export const STATES = { BE: "#4a3d22", NL: "#1c3a4c", LU: "#43304f" };

/** The same hues, stronger, for the band along each side of a border. */
export const SIDES = { BE: "#5f4d1f", NL: "#1e4f6c", LU: "#5c3c72" };
