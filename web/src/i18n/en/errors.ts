// Titles by code; the sentence comes from the control plane.
export const errors = {
  invalid: 'Something in the request is wrong',
  notFound: 'Not found',
  alreadyExists: 'That already exists',
  precondition: 'Not possible at the moment',
  unauthenticated: 'Not signed in',
  permission: 'Not allowed',
  exhausted: 'Too many requests',
  unavailable: 'The control plane cannot be reached',
  unimplemented: 'This control plane cannot do that yet',
  internal: 'The control plane made a mistake',
  unknown: 'Something went wrong',
  unreachable: 'No answer came. Check the connection; it is tried again by itself.',
  code: 'Code',
  requestId: 'Request id',
  oldData: (age: string) => `What you see is from ${age}; it is tried again by itself.`,
}
