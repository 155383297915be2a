package flowin

import "time"

// Limits bound what a Decoder keeps. A zero field means its default.
type Limits struct {
	Exporters         int           // addresses; default 1024
	Domains           int           // observation domains of an exporter; default 64
	Templates         int           // of an exporter, over all domains; default 1024
	Fields            int           // of a template; default 512
	Bytes             int           // of an exporter's templates; default 1 MiB
	WaitingSets       int           // of an exporter, without template yet; default 64
	WaitingBytes      int           // of an exporter, without template yet; default 128 KiB
	Wait              time.Duration // for a template; default 2 minutes
	TemplateLife      time.Duration // without refresh; default 2 hours, as the usual refresh is 30 minutes
	ExporterLife      time.Duration // of silence, also of a domain; default 24 hours
	SamplersOfADomain int           // rates by sampler id; default 64
}

func (l Limits) withDefaults() Limits {
	number := func(n *int, or int) {
		if *n <= 0 {
			*n = or
		}
	}
	life := func(d *time.Duration, or time.Duration) {
		if *d <= 0 {
			*d = or
		}
	}
	number(&l.Exporters, 1024)
	number(&l.Domains, 64)
	number(&l.Templates, 1024)
	number(&l.Fields, 512)
	number(&l.Bytes, 1<<20)
	number(&l.WaitingSets, 64)
	number(&l.WaitingBytes, 128<<10)
	number(&l.SamplersOfADomain, 64)
	life(&l.Wait, 2*time.Minute)
	life(&l.TemplateLife, 2*time.Hour)
	life(&l.ExporterLife, 24*time.Hour)
	return l
}
