package config

// AnalysisOptions are the options of ANALYSIS.
type AnalysisOptions struct {
	Duration         Duration        `yaml:"duration" config:"required"`
	RestartThreshold int             `yaml:"restartThreshold,omitempty"` // never had an effect
	Metrics          []StageMetric   `yaml:"metrics,omitempty"`
	Logs             []StageLogCheck `yaml:"logs,omitempty"`
	HTTPS            []StageHTTP     `yaml:"https,omitempty"`
	SkipOn           SkipOn          `yaml:"skipOn,omitempty"`
}

// TemplateRef names an entry of the analysis template file. With a Name the
// entry of the stage is replaced by that of the file.
type TemplateRef struct {
	Name    string            `yaml:"name,omitempty"`
	AppArgs map[string]string `yaml:"appArgs,omitempty"`
}

// StageMetric is one metric of a stage: a metric, or the name of one.
type StageMetric struct {
	Metric   `yaml:",inline"`
	Template TemplateRef `yaml:"template,omitempty"`
}

// StageLogCheck is one log check of a stage, or the name of one.
type StageLogCheck struct {
	LogCheck `yaml:",inline"`
	Template TemplateRef `yaml:"template,omitempty"`
}

// StageHTTP is one HTTP check of a stage, or the name of one.
type StageHTTP struct {
	HTTPCheck `yaml:",inline"`
	Template  TemplateRef `yaml:"template,omitempty"`
}

// Strategy is how a metric is judged.
type Strategy string

// The strategies.
const (
	StrategyThreshold      Strategy = "THRESHOLD" // within bounds; the default
	StrategyPrevious       Strategy = "PREVIOUS"  // against the last successful deployment
	StrategyCanaryBaseline Strategy = "CANARY_BASELINE"
	StrategyCanaryPrimary  Strategy = "CANARY_PRIMARY"
)

func (Strategy) allowed() []string {
	return []string{
		string(StrategyThreshold), string(StrategyPrevious),
		string(StrategyCanaryBaseline), string(StrategyCanaryPrimary),
	}
}

// Deviation is which difference from the control fails a comparison.
type Deviation string

// The deviations.
const (
	DeviationEither Deviation = "EITHER" // the default
	DeviationHigh   Deviation = "HIGH"
	DeviationLow    Deviation = "LOW"
)

func (Deviation) allowed() []string {
	return []string{string(DeviationEither), string(DeviationHigh), string(DeviationLow)}
}

// OnNoData is the verdict of a check that saw no data.
type OnNoData string

// The verdicts without data.
const (
	NoDataPass OnNoData = "PASS" // the default
	NoDataFail OnNoData = "FAIL"
	NoDataSkip OnNoData = "SKIP" // neither passed nor failed
)

func (OnNoData) allowed() []string {
	return []string{string(NoDataPass), string(NoDataFail), string(NoDataSkip)}
}

// Expected are the inclusive bounds of a value; nil means unbounded.
type Expected struct {
	Min *float64 `yaml:"min,omitempty"`
	Max *float64 `yaml:"max,omitempty"`
}

// Metric is a query that is judged again and again.
type Metric struct {
	Strategy     Strategy `yaml:"strategy,omitempty"` // defaults to THRESHOLD
	Provider     string   `yaml:"provider,omitempty"` // an analysisProviders[].name of the agent; required
	Query        string   `yaml:"query,omitempty"`    // a Go template; required
	Expected     Expected `yaml:"expected,omitempty"` // for THRESHOLD at least one bound
	Interval     Duration `yaml:"interval,omitempty"` // between checks; required
	FailureLimit int      `yaml:"failureLimit,omitempty"`
	// SkipOnNoData leaves a check without data out of the count. OnNoData says it
	// more exactly.
	SkipOnNoData bool     `yaml:"skipOnNoData,omitempty"`
	OnNoData     OnNoData `yaml:"onNoData,omitempty"` // defaults to PASS, with skipOnNoData to SKIP
	// Timeout limits one query. Defaults to 30s.
	Timeout   Duration  `yaml:"timeout,omitempty"`
	Deviation Deviation `yaml:"deviation,omitempty"` // defaults to EITHER
	// Delay is how late the metric arrives: a check looks at the window that ended
	// this long ago. 0 means that the provider's delay counts, or what is learned.
	Delay        Duration          `yaml:"delay,omitempty"`
	BaselineArgs map[string]string `yaml:"baselineArgs,omitempty"`
	CanaryArgs   map[string]string `yaml:"canaryArgs,omitempty"`
	PrimaryArgs  map[string]string `yaml:"primaryArgs,omitempty"`
}

// LogCheck is a query for log lines.
type LogCheck struct {
	Query        string   `yaml:"query,omitempty"`
	Interval     Duration `yaml:"interval,omitempty"` // required
	FailureLimit int      `yaml:"failureLimit,omitempty"`
	SkipOnNoData bool     `yaml:"skipOnNoData,omitempty"`
	Timeout      Duration `yaml:"timeout,omitempty"` // defaults to 30s
	Provider     string   `yaml:"provider,omitempty"`
}

// HTTPCheck is a request whose answer is judged.
type HTTPCheck struct {
	URL              string       `yaml:"url,omitempty"` // required
	Method           string       `yaml:"method,omitempty"`
	Headers          []HTTPHeader `yaml:"headers,omitempty"`
	ExpectedCode     int          `yaml:"expectedCode,omitempty"`
	ExpectedResponse string       `yaml:"expectedResponse,omitempty"`
	Interval         Duration     `yaml:"interval,omitempty"` // required
	FailureLimit     int          `yaml:"failureLimit,omitempty"`
	SkipOnNoData     bool         `yaml:"skipOnNoData,omitempty"`
	Timeout          Duration     `yaml:"timeout,omitempty"` // defaults to 30s
}

// HTTPHeader is a header of a request.
type HTTPHeader struct {
	Key   string `yaml:"key" config:"required"`
	Value Secret `yaml:"value,omitempty"` // often a token
}

// AnalysisTemplate is the spec of a document of kind AnalysisTemplate: entries
// that stages name.
type AnalysisTemplate struct {
	Metrics map[string]Metric    `yaml:"metrics,omitempty"`
	Logs    map[string]LogCheck  `yaml:"logs,omitempty"`
	HTTPS   map[string]HTTPCheck `yaml:"https,omitempty"`
}
