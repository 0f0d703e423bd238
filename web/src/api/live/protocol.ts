// What a tab and the hub say to each other. The hub lives in a SharedWorker, so
// that all tabs share one stream, or in the tab itself where there is none.
// Messages of the contract travel as bytes.

export type LiveState = 'idle' | 'connecting' | 'live' | 'polling' | 'refused'

export type ToHub =
  // All that the tab follows; topics are bytes of a Topic.
  | { readonly type: 'follow'; readonly topics: readonly Uint8Array[] }
  // There is a session again, or the network came back: try at once.
  | { readonly type: 'retry' }
  | { readonly type: 'ping' }
  | { readonly type: 'bye' }

export type FromHub =
  | { readonly type: 'state'; readonly state: LiveState }
  // The stream is open for these keys; before, changes may have been missed.
  | { readonly type: 'opened'; readonly keys: readonly string[] }
  // Bytes of a SubscribeResponse.
  | { readonly type: 'event'; readonly event: Uint8Array }
  // The hub does not know the tab (any more): say again what to follow.
  | { readonly type: 'who' }

// Port is the part of a MessagePort that is needed.
export interface Port<Out> {
  postMessage(message: Out): void
}
