// Package planner decides, from what is known about an application and its
// files at a commit, how the commit is brought out: by quick sync or by the
// pipeline, in which stages, and which versions people are shown. It is pure.
package planner
