/**
 * An offer without what this server has no use for.
 *
 * A browser repeats in each section every codec, every extension and the whole transport, some 6 kB
 * for a picture; a frame to the server holds 64 KiB. What is left out here is not answered, so that
 * both sides agree without it.
 */

/** Of each codec the one form that all browsers have; `rtx` of these comes along. */
const CODECS: readonly [name: RegExp, parameters: RegExp][] = [
  [/^opus\/48000\/2$/i, /(?:)/],
  // Copies of earlier frames of one codec (RFC 2198).
  [/^red\/48000\/2$/i, /^(\d+)(?:\/\1)+$/],
  [/^VP8\/90000$/i, /(?:)/],
  [/^VP9\/90000$/i, /^(?!.*profile-id=[1-9])/],
  [/^H264\/90000$/i, /^(?=.*packetization-mode=1)(?=.*profile-level-id=42e0)/i],
  [/^AV1\/90000$/i, /^(?!.*profile=[1-9])/],
];

/** Header extensions that the server reads or forwards. */
const EXTENSIONS =
  /ssrc-audio-level|sdes:mid|sdes:rtp-stream-id|sdes:repaired-rtp-stream-id|transport-wide-cc|abs-send-time|3gpp:video-orientation/;

/** In a bundle the first section's holds for all (RFC 9143 section 7.2). */
const TRANSPORT = /^a=(ice-|fingerprint:|setup:|candidate:|end-of-candidates)/;
const USELESS = /^a=(rtcp:|rtcp-xr:)/;

/** The same offer, shorter. */
export function lean(sdp: string): string {
  const [session = "", ...sections] = sdp.split(/(?=^m=)/m);
  return [session, ...sections.map((section, index) => leanSection(section, index > 0))].join("");
}

function leanSection(section: string, bundled: boolean): string {
  const lines = section.split("\r\n").filter((line) => line !== "");
  const kept = payloadTypes(lines);
  return lines
    .filter((line) => isKept(line, kept) && !(bundled && TRANSPORT.test(line)))
    .map((line) => (line.startsWith("m=") ? mediaLine(line, kept) : line))
    .map((line) => `${line}\r\n`)
    .join("");
}

function isKept(line: string, kept: ReadonlySet<string>): boolean {
  if (USELESS.test(line)) return false;
  if (line.startsWith("a=extmap:")) return EXTENSIONS.test(line);
  const of = /^a=(?:rtpmap|fmtp|rtcp-fb):(\S+)/.exec(line)?.[1];
  return of === undefined || of === "*" || kept.has(of);
}

/** Only what is kept; a section of none stays as it was, for the server to reject. */
function mediaLine(line: string, kept: ReadonlySet<string>): string {
  const [kind = "", port = "", protocol = "", ...formats] = line.split(" ");
  const left = formats.filter((it) => kept.has(it));
  return [kind, port, protocol, ...(left.length > 0 ? left : formats)].join(" ");
}

function payloadTypes(lines: readonly string[]): Set<string> {
  const parameters = new Map<string, string>();
  const names = new Map<string, string>();
  for (const line of lines) {
    const [, attribute, type = "", value = ""] = /^a=(rtpmap|fmtp):(\S+) (.*)$/.exec(line) ?? [];
    if (attribute === "rtpmap") names.set(type, value);
    else if (attribute === "fmtp") parameters.set(type, value);
  }
  const kept = new Set<string>();
  for (const [type, name] of names) {
    const told = parameters.get(type) ?? "";
    if (CODECS.some(([codec, form]) => codec.test(name) && form.test(told))) kept.add(type);
  }
  for (const [type, name] of names) {
    const repaired = /^apt=(\d+)/.exec(parameters.get(type) ?? "")?.[1];
    if (/^rtx\//i.test(name) && repaired !== undefined && kept.has(repaired)) kept.add(type);
  }
  return kept;
}
