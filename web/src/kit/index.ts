// The kit: what all pages are made of. Import from '~/kit', not from its files.
export { Banner } from './Banner'
export { Button, buttonClass, IconButton, SplitButton } from './Button'
export { Chip, Labels } from './Chip'
export { Combobox } from './Combobox'
export { CopyButton } from './CopyButton'
export { cx } from './cx'
export { Dialog, Drawer } from './Dialog'
export { EmptyState } from './EmptyState'
export { ErrorPanel } from './ErrorPanel'
export { Field, type Option, Select, TextArea, TextField } from './Field'
export { Gone } from './Gone'
export { Commit, OutLink, safeUrl } from './Link'
export { Menu, type MenuItem } from './Menu'
export { Page, Panel } from './Page'
export { Pagination } from './Pagination'
export { Quote } from './Quote'
export { Skeleton, SkeletonRows } from './Skeleton'
export { Mark, StatusMark, StatusShape } from './Status'
export { enumName, oneOf, parseSearch, type RawSearch, stringifySearch, text, texts, without } from './search'
export { listenForShortcuts, moveRow, type Shortcut, useShortcut, useShortcuts, useShortcutsEnabled } from './shortcuts'
export {
  commandState,
  deploymentState,
  isCompleted,
  pipedState,
  type Shape,
  type State,
  stageState,
  syncState,
  type Tone,
} from './status'
export { type Column, Table } from './Table'
export { type Tab, Tabs } from './Tabs'
export { Elapsed, RelativeTime } from './Time'
export { Toasts, toast } from './Toast'
export { Tooltip } from './Tooltip'
export { isDark, setTheme, type Theme, toggleTheme, useTheme } from './theme'
export { useNow } from './time'
