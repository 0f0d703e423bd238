import { Code, ConnectError } from '@connectrpc/connect'
import { TroubleSchema } from '~/gen/pipecd/web/v1/session_pb'
import type { Catalog } from '~/i18n'

// Problem is an error as a person is shown it.
export interface Problem {
  readonly code: Code
  // The control plane's sentence; empty when it gave none.
  readonly sentence: string
  readonly requestId: string
  // The request's field that is wrong, in the contract's spelling: "piped_id".
  readonly field: string
  // No answer came at all.
  readonly unreachable: boolean
}

export function problemOf(error: unknown): Problem {
  const e = ConnectError.from(error)
  const trouble = e.findDetails(TroubleSchema)[0]
  const requestId = trouble?.requestId || e.metadata.get('x-request-id') || ''
  return {
    code: e.code,
    sentence: e.rawMessage,
    requestId,
    field: trouble?.field ?? '',
    unreachable: isUnreachable(e, requestId),
  }
}

// A control plane that answers gives an id to every call. Without one, the
// answer is the network's or a proxy's.
function isUnreachable(e: ConnectError, requestId: string): boolean {
  if (requestId) return false
  return e.code === Code.Unavailable || e.code === Code.DeadlineExceeded || (e.code === Code.Unknown && !!e.cause)
}

export function isCode(error: unknown, code: Code): boolean {
  return ConnectError.from(error).code === code
}

// titleOf says what kind of problem it is, in the reader's language.
export function titleOf(code: Code, t: Catalog): string {
  switch (code) {
    case Code.InvalidArgument:
    case Code.OutOfRange:
      return t.errors.invalid
    case Code.NotFound:
      return t.errors.notFound
    case Code.AlreadyExists:
      return t.errors.alreadyExists
    case Code.FailedPrecondition:
    case Code.Aborted:
      return t.errors.precondition
    case Code.Unauthenticated:
      return t.errors.unauthenticated
    case Code.PermissionDenied:
      return t.errors.permission
    case Code.ResourceExhausted:
      return t.errors.exhausted
    case Code.Unavailable:
    case Code.DeadlineExceeded:
      return t.errors.unavailable
    case Code.Unimplemented:
      return t.errors.unimplemented
    case Code.Internal:
    case Code.DataLoss:
      return t.errors.internal
    default:
      return t.errors.unknown
  }
}

// codeName is the code's name as operators know it: "not_found".
export function codeName(code: Code): string {
  return (Code[code] ?? String(code)).replace(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase()
}
