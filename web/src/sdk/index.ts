/**
 * Calls in the browser, without a framework.
 *
 * @packageDocumentation
 */
export type * from "./api.js";
export { Calling } from "./calling.js";
export { CallingError, DeviceError, ErrorCode } from "./errors.js";
export type * from "./events.js";
export { NetworkQuality } from "./types.js";
export type * from "./types.js";
