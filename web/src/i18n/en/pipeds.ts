export const pipeds = {
  title: 'Piped',
}
