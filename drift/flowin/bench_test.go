package flowin

import (
	"math/rand/v2"
	"testing"
)

// One packet of 30 records from memory, over and over; "flows/s" is on one core.
func benchmark(b *testing.B, template, data []byte, records int) {
	b.Helper()
	d := NewDecoder(Config{})
	dst := d.Decode(router, noon, template, make([]Record, 0, 64))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		dst = d.Decode(router, noon, data, dst[:0])
	}
	if len(dst) != records {
		b.Fatalf("%d records", len(dst))
	}
	b.ReportMetric(float64(b.N*records)/b.Elapsed().Seconds(), "flows/s")
}

func thirty(fields []spec) (data []byte) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		data = append(data, randomRecord(r, fields)...)
	}
	return data
}

var (
	usual   = specs(1, 4, 2, 4, 22, 4, 21, 4, 7, 2, 11, 2, 10, 2, 14, 2, 4, 1, 6, 1, 5, 1, 61, 1, 8, 4, 12, 4)
	created = specs(148, 4, 8, 4, 7, 2, 10, 2, 12, 4, 11, 2, 14, 2, 4, 1, 176, 1, 177, 1, 225, 4, 226, 4, 227, 2, 228, 2,
		233, 1, 33002, 2, 323, 8, 152, 8, 33000, 12, 33001, 12, 40000, 20)
)

func BenchmarkNetFlow9(b *testing.B) {
	benchmark(b, v9(0, 1, 0, set(0, templateRecord(256, usual))), v9(1, 1, 0, padded(256, thirty(usual))), 30)
}

func BenchmarkNSEL(b *testing.B) {
	benchmark(b, v9(0, 1, 0, set(0, templateRecord(256, created))), v9(1, 1, 0, padded(256, thirty(created))), 30)
}

func BenchmarkIPFIX(b *testing.B) {
	f := specs(1, 8, 2, 8, 152, 8, 153, 8, 7, 2, 11, 2, 10, 4, 14, 4, 4, 1, 6, 2, 8, 4, 12, 4)
	benchmark(b, ipfix(0, 1, set(2, templateRecord(256, f))), ipfix(0, 1, padded(256, thirty(f))), 30)
}

func BenchmarkIPFIXVariable(b *testing.B) {
	f := append(specs(1, 8, 2, 8, 152, 8, 153, 8, 7, 2, 11, 2, 4, 1, 8, 4, 12, 4), spec{id: 371, length: variable})
	benchmark(b, ipfix(0, 1, set(2, templateRecord(256, f))), ipfix(0, 1, padded(256, thirty(f))), 30)
}

func BenchmarkNetFlow5(b *testing.B) {
	data := join(u16(5), u16(30), make([]byte, 20), make([]byte, 48*30))
	benchmark(b, data, data, 30)
}

// Decoding known templates allocates nothing.
func TestDecodingAllocatesNothing(t *testing.T) {
	list := append(specs(34, 4), append([]spec{{id: 371, length: variable}}, usual...)...)
	for name, pair := range map[string][2][]byte{
		"v9":    {v9(0, 1, 0, set(0, templateRecord(256, usual))), v9(1, 1, 0, padded(256, thirty(usual)), set(0, templateRecord(256, usual)))},
		"NSEL":  {v9(0, 1, 0, set(0, templateRecord(256, created))), v9(1, 1, 0, padded(256, thirty(created)))},
		"IPFIX": {ipfix(0, 1, set(2, templateRecord(256, list))), ipfix(0, 1, set(256, thirty(list)))},
	} {
		d := NewDecoder(Config{})
		dst := d.Decode(router, noon, pair[0], make([]Record, 0, 64))
		if n := testing.AllocsPerRun(100, func() { dst = d.Decode(router, noon, pair[1], dst[:0]) }); n != 0 || len(dst) != 30 {
			t.Errorf("%s: %v allocations, %d records", name, n, len(dst))
		}
	}
}
