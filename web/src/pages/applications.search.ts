import { ApplicationKind, ApplicationSyncStatus } from '~/gen/model/model_pb'
import { enumName, oneOf, type RawSearch, text, texts, without } from '~/kit/search'

export interface ApplicationsSearch {
  name?: string
  kind?: keyof typeof ApplicationKind
  syncStatus?: keyof typeof ApplicationSyncStatus
  activeStatus?: 'enabled' | 'disabled'
  pipedId?: string
  // "key:value"
  labels?: string[]
  // The cursor of the answer before.
  page?: string
  // Opens the form: from suggestions or by hand.
  add?: 'suggestions' | 'manual'
  // Preselected in the form.
  piped?: string
  // The application whose form is open.
  edit?: string
}

export function applicationsSearch(raw: RawSearch): ApplicationsSearch {
  return without({
    name: text(raw, 'name'),
    kind: enumName(raw, 'kind', ApplicationKind) as ApplicationsSearch['kind'],
    syncStatus: enumName(raw, 'syncStatus', ApplicationSyncStatus) as ApplicationsSearch['syncStatus'],
    activeStatus: oneOf(raw, 'activeStatus', ['enabled', 'disabled']),
    pipedId: text(raw, 'pipedId'),
    labels: texts(raw, 'labels'),
    page: text(raw, 'page'),
    add: oneOf(raw, 'add', ['suggestions', 'manual']),
    piped: text(raw, 'piped'),
    edit: text(raw, 'edit'),
  }) as ApplicationsSearch
}
