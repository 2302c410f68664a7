/** The sections of a description, by their mid. */
export function sectionsOf(sdp: string): Map<string, string> {
  const sections = new Map<string, string>();
  for (const section of sdp.split(/^(?=m=)/m)) {
    const mid = /^a=mid:(\S+)/m.exec(section)?.[1];
    if (mid !== undefined) sections.set(mid, section);
  }
  return sections;
}
