/**
 * How good the network is, 0..6, from `RTCPeerConnection.getStats()`.
 *
 * Every two seconds each direction is graded by the worst of loss, round trip and jitter of those
 * two seconds, with the same bounds as the Rust client:
 *
 * | grade | loss ≤ | round trip ≤ | jitter ≤ |
 * |---|---|---|---|
 * | 1 excellent | 1 % | 150 ms | 20 ms |
 * | 2 good | 3 % | 300 ms | 40 ms |
 * | 3 poor | 10 % | 500 ms | 80 ms |
 * | 4 bad | 25 % | 800 ms | 150 ms |
 * | 5 very bad | worse |||
 * | 6 down | nothing came from the server ||
 *
 * Round trips follow ITU-T G.114, loss what in-band FEC and concealment of Opus cover.
 */
import { NetworkQuality, type UserId } from "../types.js";

/** What two seconds saw of one direction; what was not measured is absent. */
export interface PathReport {
  /** Whether anything came from the other side. */
  readonly alive: boolean;
  /** Share of packets lost, 0..1. */
  readonly loss?: number;
  readonly rttMs?: number;
  /** Interarrival jitter (RFC 3550 section 6.4.1). */
  readonly jitterMs?: number;
}

const GRADES = [
  [NetworkQuality.Excellent, 0.01, 150, 20],
  [NetworkQuality.Good, 0.03, 300, 40],
  [NetworkQuality.Poor, 0.1, 500, 80],
  [NetworkQuality.Bad, 0.25, 800, 150],
] as const;

/** The grade of one direction. */
export function grade(report: PathReport): NetworkQuality {
  const { alive, loss, rttMs, jitterMs } = report;
  if (!alive) return NetworkQuality.Down;
  if (loss === undefined && rttMs === undefined && jitterMs === undefined) {
    return NetworkQuality.Unknown;
  }
  const found = GRADES.find(
    ([, mostLoss, mostRtt, mostJitter]) =>
      (loss ?? 0) <= mostLoss && (rttMs ?? 0) <= mostRtt && (jitterMs ?? 0) <= mostJitter,
  );
  return found?.[0] ?? NetworkQuality.VeryBad;
}

/** One received sound, as counters since the connection began. */
export interface Heard {
  readonly packets: number;
  readonly lost: number;
  readonly jitterMs: number;
  /** Sound played, in milliseconds, what was made up included. */
  readonly playedMs: number;
  readonly concealedMs: number;
  /** Sum of each played sample's time in the jitter buffer, in seconds. */
  readonly delayS: number;
  /** How many samples that sum is of. */
  readonly delayed: number;
}

/** What `getStats()` said at one moment. */
export interface Snapshot {
  /** Bytes that came from the server, checks included. */
  readonly bytesReceived: number;
  readonly rttMs?: number;
  /** What the server says of what it receives from here. */
  readonly uplinkLoss?: number;
  readonly uplinkJitterMs?: number;
  readonly heard: ReadonlyMap<UserId, Heard>;
}

/** Reads a report; `userOf` says whose sound a section carries. */
export function snapshot(
  report: Iterable<Record<string, unknown>>,
  userOf: (mid: string) => UserId | undefined,
): Snapshot {
  const heard = new Map<UserId, Heard>();
  let bytesReceived = 0;
  let rtt: number | undefined;
  let uplink: { uplinkLoss?: number; uplinkJitterMs?: number } = {};
  for (const it of report) {
    const number = (key: string): number => (typeof it[key] === "number" ? it[key] : 0);
    if (it["type"] === "candidate-pair" && it["nominated"] === true) {
      bytesReceived += number("bytesReceived");
      if ("currentRoundTripTime" in it) rtt ??= number("currentRoundTripTime") * 1_000;
    } else if (it["type"] === "remote-inbound-rtp" && it["kind"] === "audio") {
      uplink = { uplinkLoss: number("fractionLost"), uplinkJitterMs: number("jitter") * 1_000 };
      if (number("roundTripTime") > 0) rtt = number("roundTripTime") * 1_000;
    } else if (it["type"] === "inbound-rtp" && it["kind"] === "audio") {
      const user = userOf(String(it["mid"]));
      if (user !== undefined) heard.set(user, heardOf(number));
    }
  }
  return { bytesReceived, heard, ...uplink, ...(rtt !== undefined && { rttMs: rtt }) };
}

function heardOf(number: (key: string) => number): Heard {
  const samplesPerMs = 48;
  return {
    packets: number("packetsReceived"),
    lost: number("packetsLost"),
    jitterMs: number("jitter") * 1_000,
    playedMs: number("totalSamplesReceived") / samplesPerMs,
    concealedMs: number("concealedSamples") / samplesPerMs,
    delayS: number("jitterBufferDelay"),
    delayed: number("jitterBufferEmittedCount"),
  };
}

/** The grades of what lies between two snapshots. */
export function judge(
  before: Snapshot,
  after: Snapshot,
): { local: NetworkQuality; remotes: Map<UserId, NetworkQuality> } {
  const alive = after.bytesReceived > before.bytesReceived;
  const local = grade({
    alive,
    ...(after.uplinkLoss !== undefined && { loss: after.uplinkLoss }),
    ...(after.uplinkJitterMs !== undefined && { jitterMs: after.uplinkJitterMs }),
    ...(after.rttMs !== undefined && { rttMs: after.rttMs }),
  });
  const remotes = new Map<UserId, NetworkQuality>();
  for (const [user, now] of after.heard) {
    remotes.set(user, grade(downlink(alive, before.heard.get(user), now)));
  }
  return { local, remotes };
}

function downlink(alive: boolean, before: Heard | undefined, after: Heard): PathReport {
  const packets = after.packets - (before?.packets ?? 0);
  // Late ones make it negative; then nothing was lost.
  const lost = Math.max(0, after.lost - (before?.lost ?? 0));
  return {
    alive,
    ...(packets + lost > 0 && { loss: lost / (packets + lost) }),
    ...(packets > 0 && { jitterMs: after.jitterMs }),
  };
}

/** What `report_quality` tells of a call. */
export interface HeardQuality {
  packets: number;
  packets_lost: number;
  played_ms: number;
  concealed_ms: number;
  mean_delay_ms: number;
  jitter_ms: number;
  rtt_ms: number;
}

/**
 * All voices as one: counts are sums; delay and jitter are means, each weighted by how long it was
 * played. `undefined` if nothing was played.
 */
export function summary({ heard, rttMs = 0 }: Snapshot): HeardQuality | undefined {
  const voices = [...heard.values()];
  const sum = (of: (it: Heard) => number): number => voices.reduce((all, it) => all + of(it), 0);
  const played = sum((it) => it.playedMs);
  if (played < 1) return undefined;
  const delay = (it: Heard): number => (it.delayed === 0 ? 0 : (it.delayS * 1_000) / it.delayed);
  return {
    packets: sum((it) => it.packets),
    packets_lost: sum((it) => Math.max(0, it.lost)),
    played_ms: Math.round(played),
    concealed_ms: Math.round(sum((it) => it.concealedMs)),
    mean_delay_ms: sum((it) => delay(it) * it.playedMs) / played,
    jitter_ms: sum((it) => it.jitterMs * it.playedMs) / played,
    rtt_ms: rttMs,
  };
}
