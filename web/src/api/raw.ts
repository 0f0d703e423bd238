import { createClient, type Interceptor } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-web'
import { WebService } from '~/gen/pipecd/web/v1/web_pb'

// newTransport speaks to the control plane that the page came from.
export function newTransport(interceptors: Interceptor[]) {
  return createConnectTransport({ baseUrl: globalThis.location.origin, useBinaryFormat: true, interceptors })
}

// newRawApi is for the stream of changes, which minds its own interruptions. It
// needs nothing of the page, so that a worker can have it.
export const newRawApi = () => createClient(WebService, newTransport([]))
