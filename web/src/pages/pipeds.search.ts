import { oneOf, type RawSearch, without } from '~/kit/search'

export interface PipedsSearch {
  activeStatus?: 'enabled' | 'disabled'
  // Opens the form.
  add?: 'piped'
}

export function pipedsSearch(raw: RawSearch): PipedsSearch {
  return without({
    activeStatus: oneOf(raw, 'activeStatus', ['enabled', 'disabled']),
    add: oneOf(raw, 'add', ['piped']),
  }) as PipedsSearch
}
