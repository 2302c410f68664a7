/** Puts a codec first of those a section offers, if the browser has it (`codecs`). */
export function prefer(
  transceiver: RTCRtpTransceiver,
  codecs: readonly RTCRtpCodec[],
  mimeType: string,
): void {
  const isFirst = (it: RTCRtpCodec): boolean => it.mimeType.toLowerCase() === mimeType.toLowerCase();
  const first = codecs.filter(isFirst);
  if (first.length === 0) return;
  transceiver.setCodecPreferences([...first, ...codecs.filter((it) => !isFirst(it))]);
}
