// What narrows a list: by a part of a name, by labels, and how a choice is taken back.
export { Chosen } from './Chosen'
export { LabelField } from './LabelField'
export { labelOf, labelsOf, withLabel } from './labels'
export { NameField } from './NameField'
export { changed } from './narrow'
