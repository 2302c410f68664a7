import { expect, test } from "vitest";
import { isSettled } from "../../../src/sdk/media/codecs.js";

/** A description with a picture of these codecs in section 2. */
function description(...codecs: string[]): string {
  const types = codecs.map((_, at) => 96 + at);
  const names = codecs.map((name, at) => `a=rtpmap:${96 + at} ${name}/90000\r\n`);
  return (
    "v=0\r\nm=audio 9 X 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n" +
    `m=video 9 X ${types.join(" ")}\r\na=mid:2\r\n${names.join("")}`
  );
}

test("what everybody can be shown, and is liked best, is settled", () => {
  const offer = description("VP8", "VP9", "AV1");
  expect(isSettled(offer, description("VP8"), "2")).toBe(true);
  expect(isSettled(offer, description("VP9"), "2")).toBe(false);
  expect(isSettled(offer, "", "2")).toBe(false);
});

test("what was not to be had yet, or may not be had any more, is asked for again", () => {
  const offer = description("AV1", "VP8");
  expect(isSettled(offer, description("VP8"), "2")).toBe(false);
  expect(isSettled(offer, description("AV1"), "2")).toBe(false);
});
