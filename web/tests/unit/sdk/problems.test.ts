import { expect, test } from "vitest";
import { deviceError, problem } from "../../../src/sdk/media/problems.js";

test.each([
  ["NotAllowedError", "denied"],
  ["SecurityError", "denied"],
  ["NotFoundError", "missing"],
  ["OverconstrainedError", "missing"],
  ["NotReadableError", "busy"],
  ["AbortError", "busy"],
  ["NotSupportedError", "unsupported"],
])("%s is %s", (name, reason) => {
  const error = deviceError("camera", new DOMException("", name));
  expect(error.problem).toMatchObject({ device: "camera", reason });
  expect(error.code).toBe(-1308);
});

test("every sentence names the device and says what to do", () => {
  for (const reason of ["denied", "missing", "busy", "insecure", "unplugged"] as const) {
    const { message } = problem("microphone", reason);
    expect(message).toContain("microphone");
    expect(message).not.toContain("%");
    expect(message).toMatch(/Allow|Plug|Open|close|choose/);
  }
});

test("an error that says it already is kept", () => {
  const error = deviceError("camera", new DOMException("", "NotFoundError"));
  expect(deviceError("microphone", error)).toBe(error);
});
