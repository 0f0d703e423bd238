// Times on the wire are unix seconds as bigint; in the UI, milliseconds.

// ms turns a wire time into milliseconds; undefined for 0, which means "not yet".
export function ms(seconds: bigint): number | undefined {
  return seconds > 0n ? Number(seconds) * 1000 : undefined
}

let offset = 0

// setServerTime notes the control plane's clock, so that ages are right on a
// machine whose clock is off. Differences below two seconds are the network's.
export function setServerTime(serverMs: number, localMs = Date.now()): void {
  const difference = serverMs - localMs
  offset = Math.abs(difference) > 2000 ? difference : 0
}

// now is the control plane's time.
export function now(): number {
  return Date.now() + offset
}
