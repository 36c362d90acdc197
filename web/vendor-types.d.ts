/** Types of packages that come without. */
declare module "lineclip" {
  type Point = [number, number];
  type Bbox = [west: number, south: number, east: number, north: number];
  export function clipPolyline(points: Point[], bbox: Bbox): Point[][];
  export function clipPolygon(points: Point[], bbox: Bbox): Point[];
}
