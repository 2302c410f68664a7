import { cornerTowards, nearestCorner, type Corner } from "../model/layout.js";

/** What a press may move before it counts as a drag, in CSS pixels. */
const SLACK = 6;

/** What becomes of a press on a movable thing. */
export interface Dragged {
  /** Where it lies now. */
  readonly corner: Corner;
  /** It was dropped near, or moved by key to, a corner. */
  readonly moved: (corner: Corner) => void;
}

/** Moves an element with the pointer and drops it in the nearest corner of `stage`. */
export function startDrag(event: PointerEvent, stage: DOMRect, dragged: Dragged): void {
  if (event.button !== 0) return;
  const element = event.currentTarget as HTMLElement;
  const [startX, startY] = [event.clientX, event.clientY];
  const start = element.getBoundingClientRect();
  let isDrag = false;
  const move = ({ clientX, clientY, pointerId }: PointerEvent): void => {
    const [dx, dy] = [clientX - startX, clientY - startY];
    if (!isDrag && Math.hypot(dx, dy) < SLACK) return;
    if (!isDrag) element.setPointerCapture(pointerId);
    isDrag = true;
    element.classList.add("dragged");
    element.style.setProperty("--dx", `${dx}px`);
    element.style.setProperty("--dy", `${dy}px`);
  };
  const end = ({ clientX, clientY, type }: PointerEvent): void => {
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerup", end);
    element.removeEventListener("pointercancel", end);
    element.classList.remove("dragged");
    element.style.removeProperty("--dx");
    element.style.removeProperty("--dy");
    if (!isDrag) return;
    // The click that follows a drag means nothing.
    element.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => element.removeEventListener("click", swallow, { capture: true }));
    if (type === "pointercancel") return;
    const x = start.x + start.width / 2 + clientX - startX - stage.x;
    const y = start.y + start.height / 2 + clientY - startY - stage.y;
    dragged.moved(nearestCorner(x, y, stage.width, stage.height));
  };
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
}

/** Moves it by arrow keys. */
export function moveByKey(event: KeyboardEvent, { corner, moved }: Dragged): void {
  const to = cornerTowards(corner, event.key);
  if (to === corner) return;
  event.preventDefault();
  moved(to);
}

function swallow(event: Event): void {
  event.stopPropagation();
  event.preventDefault();
}
