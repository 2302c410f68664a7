/** Tiles side by side. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
}

/** How many people one page of a group call shows, this account among them. */
export const PER_PAGE = 9;

/** What an empty place costs, as a part of the area. */
const EMPTY = 0.25;
/** How much of an upright picture counts: most cameras give wide ones. */
const UPRIGHT = 0.87;

/** The grid of `count` tiles in `width` × `height` that shows most of the pictures. */
export function gridFor(count: number, width: number, height: number): Grid {
  let best: Grid = { columns: 1, rows: Math.max(1, count) };
  let most = -1;
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.ceil(count / columns);
    const empty = columns * rows - count;
    const area = pictureArea(width / columns, height / rows) * (1 - EMPTY * empty);
    if (area > most) {
      most = area;
      best = { columns, rows };
    }
  }
  return best;
}

/**
 * How large a picture of 4:3 is in a tile, or one of a phone that is held upright, whatever fills
 * the rest of it.
 */
function pictureArea(width: number, height: number): number {
  const area = (ratio: number): number => Math.min(width, height * ratio) ** 2 / ratio;
  return Math.max(area(4 / 3), UPRIGHT * area(3 / 4));
}

/** How many pages `count` tiles take. */
export function pageCount(count: number): number {
  return Math.max(1, Math.ceil(count / PER_PAGE));
}

/** The part of `items` on `page`, counted from 0; the last page if there are not so many. */
export function pageOf<T>(items: readonly T[], page: number): readonly T[] {
  const last = pageCount(items.length) - 1;
  const start = Math.min(Math.max(0, page), last) * PER_PAGE;
  return items.slice(start, start + PER_PAGE);
}

/** A corner of the stage. */
export type Corner = "top-left" | "top-right" | "bottom-left" | "bottom-right";

/** The corner nearest to a point of a stage of `width` × `height`. */
export function nearestCorner(x: number, y: number, width: number, height: number): Corner {
  const side = x < width / 2 ? "left" : "right";
  return y < height / 2 ? `top-${side}` : `bottom-${side}`;
}

/** The corner in the direction of an arrow key; where it is already if there is none. */
export function cornerTowards(corner: Corner, key: string): Corner {
  const [vertical, side] = corner.split("-") as ["top" | "bottom", "left" | "right"];
  switch (key) {
    case "ArrowUp":
      return `top-${side}`;
    case "ArrowDown":
      return `bottom-${side}`;
    case "ArrowLeft":
      return `${vertical}-left`;
    case "ArrowRight":
      return `${vertical}-right`;
    default:
      return corner;
  }
}
