import { oneOf, type RawSearch, text, without } from '~/kit/search'

export interface PipedsSearch {
  activeStatus?: 'enabled' | 'disabled'
  // Opens the form.
  add?: 'piped'
  // Opens something about the piped with the id.
  show?: 'edit' | 'config' | 'setup'
  piped?: string
  // The cursor of the answer before.
  page?: string
}

export function pipedsSearch(raw: RawSearch): PipedsSearch {
  return without({
    activeStatus: oneOf(raw, 'activeStatus', ['enabled', 'disabled']),
    add: oneOf(raw, 'add', ['piped']),
    show: oneOf(raw, 'show', ['edit', 'config', 'setup']),
    piped: text(raw, 'piped'),
    page: text(raw, 'page'),
  }) as PipedsSearch
}
