/** Line icons of 24 × 24, drawn for this project; the strokes take the colour of the text. */
import { svg, type SVGTemplateResult } from "lit";

function icon(shape: SVGTemplateResult): SVGTemplateResult {
  return svg`<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor"
    stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${shape}</svg>`;
}

const HANDSET =
  "M7.2 3.5 9.6 8 7.7 9.7a11.5 11.5 0 0 0 6.6 6.6L16 14.4l4.5 2.4c-.3 2.2-1.9 3.9-4.1 3.7C9.6 19.9 4.1 14.4 3.5 7.6 3.3 5.4 5 3.8 7.2 3.5Z";

export const icons = {
  phone: icon(svg`<path d=${HANDSET}/>`),
  hangUp: icon(
    svg`<path fill="currentColor" stroke="none" d="M12 8.3c-3.9 0-7.3 1.2-9.2 3.2-.9 1-.9 2.4-.3 3.6l.4.8c.3.6 1 .9 1.7.7l3-.9c.6-.2 1-.7 1-1.3l.1-1.8a11 11 0 0 1 6.6 0l.1 1.8c0 .6.4 1.1 1 1.3l3 .9c.7.2 1.4-.1 1.7-.7l.4-.8c.6-1.2.6-2.6-.3-3.6-1.9-2-5.3-3.2-9.2-3.2Z"/>`,
  ),
  video: icon(
    svg`<rect x="3" y="6.5" width="12" height="11" rx="2.5"/><path d="m15 11 5.2-2.9v7.8L15 13"/>`,
  ),
  videoOff: icon(
    svg`<path d="M8 6.5h4.5A2.5 2.5 0 0 1 15 9v4.5M15 11l5.2-2.9v7.8L16.5 14M14.3 16.7c-.5.5-1.1.8-1.8.8h-7A2.5 2.5 0 0 1 3 15V9c0-.9.5-1.7 1.2-2.1M3.5 3.5l17 17"/>`,
  ),
  mic: icon(
    svg`<rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"/>`,
  ),
  micOff: icon(
    svg`<path d="M9 6a3 3 0 0 1 6 0v5c0 .4 0 .7-.2 1M9 9.500V11a3 3 0 0 0 4.500 2.600M5.500 11.500a6.500 6.500 0 0 0 10.600 5M18.500 11.500c0 .9-.2 1.800-.5 2.600M12 18v3M3.500 3.500l17 17"/>`,
  ),
  speaker: icon(
    svg`<path d="M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM15.500 9a4.200 4.200 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11"/>`,
  ),
  flip: icon(
    svg`<path d="M4 9V8a2 2 0 0 1 2-2h1.500l1.300-2h6.400l1.300 2H18a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-2"/><path d="M8.700 12.500a3.500 3.500 0 0 1 6.300-1.500l.6.800M15.300 13a3.500 3.500 0 0 1-6.300 1.500l-.6-.8M15.800 9.700v2.200h-2.200M8.200 15.800v-2.200h2.200"/>`,
  ),
  screen: icon(
    svg`<rect x="3" y="4.500" width="18" height="12" rx="2"/><path d="M8.500 20h7M12 13.500V8M9.500 10.300 12 7.800l2.500 2.500"/>`,
  ),
  screenOff: icon(
    svg`<rect x="3" y="4.500" width="18" height="12" rx="2"/><path d="M8.500 20h7M9.800 8.300l4.400 4.400M14.200 8.300l-4.400 4.400"/>`,
  ),
  addPerson: icon(
    svg`<circle cx="9.500" cy="8" r="3.500"/><path d="M3 19.500c.4-3.500 3-5.500 6.500-5.500s6.100 2 6.500 5.500M18.500 7.500v6M15.500 10.500h6"/>`,
  ),
  person: icon(
    svg`<circle cx="12" cy="8" r="3.700"/><path d="M5 20c.4-3.800 3.200-6 7-6s6.600 2.200 7 6"/>`,
  ),
  group: icon(
    svg`<circle cx="9" cy="8.500" r="3.200"/><path d="M3 19c.3-3.300 2.700-5.200 6-5.200s5.700 1.900 6 5.200M15.500 5.600a3.200 3.200 0 0 1 0 5.800M17 14.200c2.300.5 3.700 2.200 4 4.800"/>`,
  ),
  more: icon(
    svg`<g fill="currentColor" stroke="none"><circle cx="5.500" cy="12" r="1.700"/><circle cx="12" cy="12" r="1.700"/><circle cx="18.500" cy="12" r="1.700"/></g>`,
  ),
  shrink: icon(
    svg`<rect x="3" y="4" width="18" height="16" rx="2.500"/><rect x="12" y="12" width="6.500" height="5.500" rx="1" fill="currentColor" stroke="none"/>`,
  ),
  expand: icon(svg`<path d="M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5"/>`),
  contract: icon(svg`<path d="M4 9h5V4M20 9h-5V4M4 15h5v5M20 15h-5v5"/>`),
  close: icon(svg`<path d="m6 6 12 12M18 6 6 18"/>`),
  back: icon(svg`<path d="M15 5 8 12l7 7"/>`),
  next: icon(svg`<path d="m9 5 7 7-7 7"/>`),
  check: icon(svg`<path d="m5 12.500 4.500 4.500L19 7.500"/>`),
  plus: icon(svg`<path d="M12 5v14M5 12h14"/>`),
  send: icon(svg`<path d="M4.500 11.800 20 4.500l-4.700 15-3.600-6.200zM11.700 13.300 20 4.500"/>`),
  warning: icon(svg`<path d="M12 4 2.800 19.500h18.400zM12 10v4.500M12 17.200v.1"/>`),
  missed: icon(
    svg`<path d="m5 6 7 7 7-7M5 11V6h5M3.500 19c2.300-1.600 5.200-2.500 8.500-2.500s6.200.9 8.500 2.500"/>`,
  ),
  outgoing: icon(svg`<path d="M7 17 17 7M9 7h8v8"/>`),
  incoming: icon(svg`<path d="M17 7 7 17M15 17H7V9"/>`),
  globe: icon(
    svg`<circle cx="12" cy="12" r="8.500"/><path d="M3.500 12h17M12 3.500c2.300 2.400 3.500 5.200 3.500 8.500s-1.200 6.100-3.500 8.500c-2.300-2.400-3.500-5.200-3.500-8.500s1.200-6.100 3.500-8.500Z"/>`,
  ),
  sun: icon(
    svg`<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600 7 7M17 17l1.400 1.400M18.400 5.600 17 7M7 17l-1.400 1.400"/>`,
  ),
  moon: icon(svg`<path d="M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10Z"/>`),
  auto: icon(
    svg`<circle cx="12" cy="12" r="8"/><path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor"/>`,
  ),
  signOut: icon(
    svg`<path d="M10 4.500H6.500a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2H10M15.500 8l4 4-4 4M19 12H9.500"/>`,
  ),
  swap: icon(svg`<path d="M7 4 4 7l3 3M4 7h12M17 14l3 3-3 3M20 17H8"/>`),
  chat: icon(
    svg`<path d="M4 6.500a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-6.500L7 20v-3.500H6a2 2 0 0 1-2-2z"/>`,
  ),
} as const;
