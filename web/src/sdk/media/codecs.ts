import { sectionsOf } from "./sections.js";

/** What every client can be shown, so that nobody who comes changes what is sent. */
const COMMON = /^(VP8|H264)$/i;

/**
 * Whether pictures sent in section `mid` are in the codec that this browser likes best, and stay so
 * whoever comes: then there is nothing to agree on anew.
 */
export function isSettled(offer: string, answer: string, mid: string): boolean {
  const [liked, sent] = [firstCodec(offer, mid), firstCodec(answer, mid)];
  return sent !== undefined && sent === liked && COMMON.test(sent);
}

/** The name of the first format of a section. */
function firstCodec(sdp: string, mid: string): string | undefined {
  const section = sectionsOf(sdp).get(mid) ?? "";
  const type = /^m=\S+ \S+ \S+ (\d+)/.exec(section)?.[1];
  if (type === undefined) return undefined;
  return new RegExp(`^a=rtpmap:${type} ([^/\\s]+)`, "m").exec(section)?.[1];
}
