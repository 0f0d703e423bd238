// Logo: traffic, of which a part takes another way.
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" fill="none" strokeLinecap="round">
      <path d="M4 22h5c7 0 6-13 13-13h6" stroke="#e9b21c" strokeWidth="4" />
      <path d="M4 22h24" stroke="currentColor" strokeWidth="6" />
    </svg>
  )
}
