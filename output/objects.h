
#ifndef _BRIAN_OBJECTS_H
#define _BRIAN_OBJECTS_H

#include "synapses_classes.h"
#include "brianlib/clocks.h"
#include "brianlib/dynamic_array.h"
#include "brianlib/stdint_compat.h"
#include "network.h"
#include<random>
#include<vector>


namespace brian {

extern std::string results_dir;

class RandomGenerator {
    private:
        std::mt19937 gen;
        double stored_gauss;
        bool has_stored_gauss = false;
    public:
        RandomGenerator() {
            seed();
        }
        void seed() {
            std::random_device rd;
            gen.seed(rd());
            has_stored_gauss = false;
        }
        void seed(unsigned long seed) {
            gen.seed(seed);
            has_stored_gauss = false;
        }
        double rand() {
            /* shifts : 67108864 = 0x4000000, 9007199254740992 = 0x20000000000000 */
            const long a = gen() >> 5;
            const long b = gen() >> 6;
            return (a * 67108864.0 + b) / 9007199254740992.0;
        }

        double randn() {
            if (has_stored_gauss) {
                const double tmp = stored_gauss;
                has_stored_gauss = false;
                return tmp;
            }
            else {
                double f, x1, x2, r2;

                do {
                    x1 = 2.0*rand() - 1.0;
                    x2 = 2.0*rand() - 1.0;
                    r2 = x1*x1 + x2*x2;
                }
                while (r2 >= 1.0 || r2 == 0.0);

                /* Box-Muller transform */
                f = sqrt(-2.0*log(r2)/r2);
                /* Keep for next call */
                stored_gauss = f*x1;
                has_stored_gauss = true;
                return f*x2;
            }
        }
};

// In OpenMP we need one state per thread
extern std::vector< RandomGenerator > _random_generators;

//////////////// clocks ///////////////////
extern Clock inh_clock;
extern Clock inh_to_mon_clock;
extern Clock inh_to_ts_clock;
extern Clock lateral_clock;
extern Clock ll_clock;
extern Clock ll_mon_clock;
extern Clock mon_clock;
extern Clock mon_to_inh_clock;
extern Clock mon_ts_clock;
extern Clock ts_clock;
extern Clock ts_to_inh_clock;

//////////////// networks /////////////////
extern Network network;



void set_variable_by_name(std::string, std::string);

//////////////// dynamic arrays ///////////
extern std::vector<int32_t> _dynamic_array_inh_spikes_i;
extern std::vector<double> _dynamic_array_inh_spikes_t;
extern std::vector<int32_t> _dynamic_array_inh_to_mon__synaptic_post;
extern std::vector<int32_t> _dynamic_array_inh_to_mon__synaptic_pre;
extern std::vector<double> _dynamic_array_inh_to_mon_delay;
extern std::vector<int32_t> _dynamic_array_inh_to_mon_N_incoming;
extern std::vector<int32_t> _dynamic_array_inh_to_mon_N_outgoing;
extern std::vector<double> _dynamic_array_inh_to_mon_w;
extern std::vector<int32_t> _dynamic_array_inh_to_ts__synaptic_post;
extern std::vector<int32_t> _dynamic_array_inh_to_ts__synaptic_pre;
extern std::vector<double> _dynamic_array_inh_to_ts_delay;
extern std::vector<int32_t> _dynamic_array_inh_to_ts_N_incoming;
extern std::vector<int32_t> _dynamic_array_inh_to_ts_N_outgoing;
extern std::vector<double> _dynamic_array_inh_to_ts_w;
extern std::vector<int32_t> _dynamic_array_lateral__synaptic_post;
extern std::vector<int32_t> _dynamic_array_lateral__synaptic_pre;
extern std::vector<double> _dynamic_array_lateral_delay;
extern std::vector<int32_t> _dynamic_array_lateral_N_incoming;
extern std::vector<int32_t> _dynamic_array_lateral_N_outgoing;
extern std::vector<double> _dynamic_array_lateral_w;
extern std::vector<int32_t> _dynamic_array_ll__timebins;
extern std::vector<int32_t> _dynamic_array_ll_mon__synaptic_post;
extern std::vector<int32_t> _dynamic_array_ll_mon__synaptic_pre;
extern std::vector<double> _dynamic_array_ll_mon_delay;
extern std::vector<double> _dynamic_array_ll_mon_delay_1;
extern std::vector<double> _dynamic_array_ll_mon_lastupdate;
extern std::vector<int32_t> _dynamic_array_ll_mon_N_incoming;
extern std::vector<int32_t> _dynamic_array_ll_mon_N_outgoing;
extern std::vector<double> _dynamic_array_ll_mon_w;
extern std::vector<double> _dynamic_array_ll_mon_xpost;
extern std::vector<double> _dynamic_array_ll_mon_xpre;
extern std::vector<int32_t> _dynamic_array_ll_neuron_index;
extern std::vector<int32_t> _dynamic_array_ll_spike_number;
extern std::vector<double> _dynamic_array_ll_spike_time;
extern std::vector<int32_t> _dynamic_array_mon_spikes_i;
extern std::vector<double> _dynamic_array_mon_spikes_t;
extern std::vector<int32_t> _dynamic_array_mon_to_inh__synaptic_post;
extern std::vector<int32_t> _dynamic_array_mon_to_inh__synaptic_pre;
extern std::vector<double> _dynamic_array_mon_to_inh_delay;
extern std::vector<int32_t> _dynamic_array_mon_to_inh_N_incoming;
extern std::vector<int32_t> _dynamic_array_mon_to_inh_N_outgoing;
extern std::vector<double> _dynamic_array_mon_to_inh_w;
extern std::vector<int32_t> _dynamic_array_mon_ts__synaptic_post;
extern std::vector<int32_t> _dynamic_array_mon_ts__synaptic_pre;
extern std::vector<double> _dynamic_array_mon_ts_delay;
extern std::vector<double> _dynamic_array_mon_ts_delay_1;
extern std::vector<double> _dynamic_array_mon_ts_lastupdate;
extern std::vector<int32_t> _dynamic_array_mon_ts_N_incoming;
extern std::vector<int32_t> _dynamic_array_mon_ts_N_outgoing;
extern std::vector<double> _dynamic_array_mon_ts_w;
extern std::vector<double> _dynamic_array_mon_ts_xpost;
extern std::vector<double> _dynamic_array_mon_ts_xpre;
extern std::vector<int32_t> _dynamic_array_ts_spikes_i;
extern std::vector<double> _dynamic_array_ts_spikes_t;
extern std::vector<int32_t> _dynamic_array_ts_to_inh__synaptic_post;
extern std::vector<int32_t> _dynamic_array_ts_to_inh__synaptic_pre;
extern std::vector<double> _dynamic_array_ts_to_inh_delay;
extern std::vector<int32_t> _dynamic_array_ts_to_inh_N_incoming;
extern std::vector<int32_t> _dynamic_array_ts_to_inh_N_outgoing;
extern std::vector<double> _dynamic_array_ts_to_inh_w;

//////////////// arrays ///////////////////
extern double *_array_defaultclock_dt;
extern const int _num__array_defaultclock_dt;
extern double *_array_defaultclock_t;
extern const int _num__array_defaultclock_t;
extern int64_t *_array_defaultclock_timestep;
extern const int _num__array_defaultclock_timestep;
extern int32_t *_array_inh__spikespace;
extern const int _num__array_inh__spikespace;
extern double *_array_inh_clock_dt;
extern const int _num__array_inh_clock_dt;
extern double *_array_inh_clock_t;
extern const int _num__array_inh_clock_t;
extern int64_t *_array_inh_clock_timestep;
extern const int _num__array_inh_clock_timestep;
extern double *_array_inh_g_e;
extern const int _num__array_inh_g_e;
extern double *_array_inh_g_i;
extern const int _num__array_inh_g_i;
extern int32_t *_array_inh_i;
extern const int _num__array_inh_i;
extern double *_array_inh_lastspike;
extern const int _num__array_inh_lastspike;
extern char *_array_inh_not_refractory;
extern const int _num__array_inh_not_refractory;
extern int32_t *_array_inh_spikes__source_idx;
extern const int _num__array_inh_spikes__source_idx;
extern int32_t *_array_inh_spikes_count;
extern const int _num__array_inh_spikes_count;
extern int32_t *_array_inh_spikes_N;
extern const int _num__array_inh_spikes_N;
extern double *_array_inh_to_mon_clock_dt;
extern const int _num__array_inh_to_mon_clock_dt;
extern double *_array_inh_to_mon_clock_t;
extern const int _num__array_inh_to_mon_clock_t;
extern int64_t *_array_inh_to_mon_clock_timestep;
extern const int _num__array_inh_to_mon_clock_timestep;
extern int32_t *_array_inh_to_mon_N;
extern const int _num__array_inh_to_mon_N;
extern int32_t *_array_inh_to_mon_sources;
extern const int _num__array_inh_to_mon_sources;
extern int32_t *_array_inh_to_mon_targets;
extern const int _num__array_inh_to_mon_targets;
extern double *_array_inh_to_ts_clock_dt;
extern const int _num__array_inh_to_ts_clock_dt;
extern double *_array_inh_to_ts_clock_t;
extern const int _num__array_inh_to_ts_clock_t;
extern int64_t *_array_inh_to_ts_clock_timestep;
extern const int _num__array_inh_to_ts_clock_timestep;
extern int32_t *_array_inh_to_ts_N;
extern const int _num__array_inh_to_ts_N;
extern int32_t *_array_inh_to_ts_sources;
extern const int _num__array_inh_to_ts_sources;
extern int32_t *_array_inh_to_ts_targets;
extern const int _num__array_inh_to_ts_targets;
extern double *_array_inh_v;
extern const int _num__array_inh_v;
extern double *_array_lateral_clock_dt;
extern const int _num__array_lateral_clock_dt;
extern double *_array_lateral_clock_t;
extern const int _num__array_lateral_clock_t;
extern int64_t *_array_lateral_clock_timestep;
extern const int _num__array_lateral_clock_timestep;
extern int32_t *_array_lateral_N;
extern const int _num__array_lateral_N;
extern int32_t *_array_lateral_sources;
extern const int _num__array_lateral_sources;
extern int32_t *_array_lateral_targets;
extern const int _num__array_lateral_targets;
extern int32_t *_array_ll__lastindex;
extern const int _num__array_ll__lastindex;
extern int32_t *_array_ll__period_bins;
extern const int _num__array_ll__period_bins;
extern int32_t *_array_ll__spikespace;
extern const int _num__array_ll__spikespace;
extern double *_array_ll_clock_dt;
extern const int _num__array_ll_clock_dt;
extern double *_array_ll_clock_t;
extern const int _num__array_ll_clock_t;
extern int64_t *_array_ll_clock_timestep;
extern const int _num__array_ll_clock_timestep;
extern int32_t *_array_ll_i;
extern const int _num__array_ll_i;
extern double *_array_ll_mon_clock_dt;
extern const int _num__array_ll_mon_clock_dt;
extern double *_array_ll_mon_clock_t;
extern const int _num__array_ll_mon_clock_t;
extern int64_t *_array_ll_mon_clock_timestep;
extern const int _num__array_ll_mon_clock_timestep;
extern int32_t *_array_ll_mon_N;
extern const int _num__array_ll_mon_N;
extern int32_t *_array_ll_mon_sources;
extern const int _num__array_ll_mon_sources;
extern int32_t *_array_ll_mon_targets;
extern const int _num__array_ll_mon_targets;
extern double *_array_ll_period;
extern const int _num__array_ll_period;
extern int32_t *_array_mon__spikespace;
extern const int _num__array_mon__spikespace;
extern double *_array_mon_clock_dt;
extern const int _num__array_mon_clock_dt;
extern double *_array_mon_clock_t;
extern const int _num__array_mon_clock_t;
extern int64_t *_array_mon_clock_timestep;
extern const int _num__array_mon_clock_timestep;
extern double *_array_mon_g_e;
extern const int _num__array_mon_g_e;
extern double *_array_mon_g_i;
extern const int _num__array_mon_g_i;
extern int32_t *_array_mon_i;
extern const int _num__array_mon_i;
extern double *_array_mon_lastspike;
extern const int _num__array_mon_lastspike;
extern char *_array_mon_not_refractory;
extern const int _num__array_mon_not_refractory;
extern int32_t *_array_mon_spikes__source_idx;
extern const int _num__array_mon_spikes__source_idx;
extern int32_t *_array_mon_spikes_count;
extern const int _num__array_mon_spikes_count;
extern int32_t *_array_mon_spikes_N;
extern const int _num__array_mon_spikes_N;
extern double *_array_mon_to_inh_clock_dt;
extern const int _num__array_mon_to_inh_clock_dt;
extern double *_array_mon_to_inh_clock_t;
extern const int _num__array_mon_to_inh_clock_t;
extern int64_t *_array_mon_to_inh_clock_timestep;
extern const int _num__array_mon_to_inh_clock_timestep;
extern int32_t *_array_mon_to_inh_N;
extern const int _num__array_mon_to_inh_N;
extern int32_t *_array_mon_to_inh_sources;
extern const int _num__array_mon_to_inh_sources;
extern int32_t *_array_mon_to_inh_targets;
extern const int _num__array_mon_to_inh_targets;
extern double *_array_mon_ts_clock_dt;
extern const int _num__array_mon_ts_clock_dt;
extern double *_array_mon_ts_clock_t;
extern const int _num__array_mon_ts_clock_t;
extern int64_t *_array_mon_ts_clock_timestep;
extern const int _num__array_mon_ts_clock_timestep;
extern int32_t *_array_mon_ts_N;
extern const int _num__array_mon_ts_N;
extern int32_t *_array_mon_ts_sources;
extern const int _num__array_mon_ts_sources;
extern int32_t *_array_mon_ts_targets;
extern const int _num__array_mon_ts_targets;
extern double *_array_mon_v;
extern const int _num__array_mon_v;
extern int32_t *_array_ts__spikespace;
extern const int _num__array_ts__spikespace;
extern double *_array_ts_clock_dt;
extern const int _num__array_ts_clock_dt;
extern double *_array_ts_clock_t;
extern const int _num__array_ts_clock_t;
extern int64_t *_array_ts_clock_timestep;
extern const int _num__array_ts_clock_timestep;
extern double *_array_ts_g_e;
extern const int _num__array_ts_g_e;
extern double *_array_ts_g_i;
extern const int _num__array_ts_g_i;
extern int32_t *_array_ts_i;
extern const int _num__array_ts_i;
extern double *_array_ts_lastspike;
extern const int _num__array_ts_lastspike;
extern char *_array_ts_not_refractory;
extern const int _num__array_ts_not_refractory;
extern int32_t *_array_ts_spikes__source_idx;
extern const int _num__array_ts_spikes__source_idx;
extern int32_t *_array_ts_spikes_count;
extern const int _num__array_ts_spikes_count;
extern int32_t *_array_ts_spikes_N;
extern const int _num__array_ts_spikes_N;
extern double *_array_ts_to_inh_clock_dt;
extern const int _num__array_ts_to_inh_clock_dt;
extern double *_array_ts_to_inh_clock_t;
extern const int _num__array_ts_to_inh_clock_t;
extern int64_t *_array_ts_to_inh_clock_timestep;
extern const int _num__array_ts_to_inh_clock_timestep;
extern int32_t *_array_ts_to_inh_N;
extern const int _num__array_ts_to_inh_N;
extern int32_t *_array_ts_to_inh_sources;
extern const int _num__array_ts_to_inh_sources;
extern int32_t *_array_ts_to_inh_targets;
extern const int _num__array_ts_to_inh_targets;
extern double *_array_ts_v;
extern const int _num__array_ts_v;

//////////////// dynamic arrays 2d /////////

/////////////// static arrays /////////////
extern int32_t *_static_array__array_inh_to_mon_sources;
extern const int _num__static_array__array_inh_to_mon_sources;
extern int32_t *_static_array__array_inh_to_mon_targets;
extern const int _num__static_array__array_inh_to_mon_targets;
extern int32_t *_static_array__array_inh_to_ts_sources;
extern const int _num__static_array__array_inh_to_ts_sources;
extern int32_t *_static_array__array_inh_to_ts_targets;
extern const int _num__static_array__array_inh_to_ts_targets;
extern double *_static_array__array_inh_v;
extern const int _num__static_array__array_inh_v;
extern int32_t *_static_array__array_lateral_sources;
extern const int _num__static_array__array_lateral_sources;
extern int32_t *_static_array__array_lateral_targets;
extern const int _num__static_array__array_lateral_targets;
extern int32_t *_static_array__array_ll_mon_sources;
extern const int _num__static_array__array_ll_mon_sources;
extern int32_t *_static_array__array_ll_mon_targets;
extern const int _num__static_array__array_ll_mon_targets;
extern int32_t *_static_array__array_mon_to_inh_sources;
extern const int _num__static_array__array_mon_to_inh_sources;
extern int32_t *_static_array__array_mon_to_inh_targets;
extern const int _num__static_array__array_mon_to_inh_targets;
extern int32_t *_static_array__array_mon_ts_sources;
extern const int _num__static_array__array_mon_ts_sources;
extern int32_t *_static_array__array_mon_ts_targets;
extern const int _num__static_array__array_mon_ts_targets;
extern double *_static_array__array_mon_v;
extern const int _num__static_array__array_mon_v;
extern int32_t *_static_array__array_ts_to_inh_sources;
extern const int _num__static_array__array_ts_to_inh_sources;
extern int32_t *_static_array__array_ts_to_inh_targets;
extern const int _num__static_array__array_ts_to_inh_targets;
extern double *_static_array__array_ts_v;
extern const int _num__static_array__array_ts_v;
extern double *_static_array__dynamic_array_lateral_w;
extern const int _num__static_array__dynamic_array_lateral_w;
extern int32_t *_static_array__dynamic_array_ll__timebins;
extern const int _num__static_array__dynamic_array_ll__timebins;
extern float *_static_array__dynamic_array_ll_mon_w;
extern const int _num__static_array__dynamic_array_ll_mon_w;
extern int64_t *_static_array__dynamic_array_ll_neuron_index;
extern const int _num__static_array__dynamic_array_ll_neuron_index;
extern int64_t *_static_array__dynamic_array_ll_spike_number;
extern const int _num__static_array__dynamic_array_ll_spike_number;
extern double *_static_array__dynamic_array_ll_spike_time;
extern const int _num__static_array__dynamic_array_ll_spike_time;
extern float *_static_array__dynamic_array_mon_ts_w;
extern const int _num__static_array__dynamic_array_mon_ts_w;

//////////////// synapses /////////////////
// inh_to_mon
extern SynapticPathway inh_to_mon_pre;
// inh_to_ts
extern SynapticPathway inh_to_ts_pre;
// lateral
extern SynapticPathway lateral_pre;
// ll_mon
extern SynapticPathway ll_mon_post;
extern SynapticPathway ll_mon_pre;
// mon_to_inh
extern SynapticPathway mon_to_inh_pre;
// mon_ts
extern SynapticPathway mon_ts_post;
extern SynapticPathway mon_ts_pre;
// ts_to_inh
extern SynapticPathway ts_to_inh_pre;

// Profiling information for each code object
}

void _init_arrays();
void _load_arrays();
void _write_arrays();
void _dealloc_arrays();

#endif


