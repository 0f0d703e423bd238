import { Code, ConnectError, createClient, type Interceptor } from '@connectrpc/connect'
import { WebService } from '~/gen/pipecd/web/v1/web_pb'
import { newTransport } from './raw'
import { type Session, session } from './session'
import { Store } from './store'
import { problemOf } from './trouble'

// reachable tells whether the last call got an answer from the control plane.
export const reachable = new Store(true)

const callTimeout = 35_000 // longer than the control plane's own

// Calls for which having no session is an answer, not an interruption.
const withoutSession = new Set(['Login', 'Logout', 'GetMe'])

const noticeReach: Interceptor = next => async request => {
  try {
    const response = await next(request)
    reachable.set(true)
    return response
  } catch (error) {
    const problem = problemOf(error)
    if (problem.code !== Code.Canceled) reachable.set(!problem.unreachable)
    throw error
  }
}

// renewSession waits for a new session when there is none any more, and calls
// again.
export function renewSession(s: Session): Interceptor {
  return next => async request => {
    try {
      return await next(request)
    } catch (error) {
      const ended = ConnectError.from(error).code === Code.Unauthenticated
      if (!ended || request.stream || withoutSession.has(request.method.name)) throw error
      await s.renewal()
      return next(request)
    }
  }
}

const limited: Interceptor = next => request => {
  if (request.stream || request.signal.aborted) return next(request)
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(callTimeout)])
  return next({ ...request, signal })
}

// api calls the control plane.
export const api = createClient(WebService, newTransport([renewSession(session), noticeReach, limited]))
