// Package stagechecks keeps what ANALYSIS stages measured in the filestore, so
// that it can be drawn.
//
// Agents report checks in batches and repeat them after a lost answer or a
// restart. A check is named by its metric and its index within the metric.
//
//	analysis/<deployment>/<stage>/<attempt>/<received>-<bytes>-<digest>.jsonl
//
// A batch is written once and never changed. Its name begins with the time at
// which it was received, so names are in the order of arrival; of two checks
// with one name the later counts, because an agent that died between reporting
// a check and counting it looks at that window again and counts what it then
// sees. A batch with a digest that is there already is a repeat and is not
// written again.
//
// The names alone tell how much a stage has stored, so the limits hold without
// any memory; processes that write for one stage at the same moment can exceed
// them by a batch each. What is beyond the limits is refused, and the agent goes
// on without: a chart is not worth a deployment.
package stagechecks
