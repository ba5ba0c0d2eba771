#include<stdlib.h>
#include "objects.h"
#include<ctime>
#include<random>

#include "code_objects/inh_spike_resetter_codeobject.h"
#include "code_objects/inh_spike_thresholder_codeobject.h"
#include "code_objects/inh_spikes_codeobject.h"
#include "code_objects/inh_stateupdater_codeobject.h"
#include "code_objects/inh_to_mon_pre_codeobject.h"
#include "code_objects/inh_to_mon_pre_push_spikes.h"
#include "code_objects/inh_to_mon_synapses_create_array_codeobject.h"
#include "code_objects/inh_to_ts_pre_codeobject.h"
#include "code_objects/inh_to_ts_pre_push_spikes.h"
#include "code_objects/inh_to_ts_synapses_create_array_codeobject.h"
#include "code_objects/lateral_pre_codeobject.h"
#include "code_objects/lateral_pre_push_spikes.h"
#include "code_objects/lateral_synapses_create_array_codeobject.h"
#include "code_objects/ll_codeobject.h"
#include "code_objects/ll_mon_post_codeobject.h"
#include "code_objects/ll_mon_post_push_spikes.h"
#include "code_objects/ll_mon_pre_codeobject.h"
#include "code_objects/ll_mon_pre_push_spikes.h"
#include "code_objects/ll_mon_synapses_create_array_codeobject.h"
#include "code_objects/mon_spike_resetter_codeobject.h"
#include "code_objects/mon_spike_thresholder_codeobject.h"
#include "code_objects/mon_spikes_codeobject.h"
#include "code_objects/mon_stateupdater_codeobject.h"
#include "code_objects/mon_to_inh_pre_codeobject.h"
#include "code_objects/mon_to_inh_pre_push_spikes.h"
#include "code_objects/mon_to_inh_synapses_create_array_codeobject.h"
#include "code_objects/mon_ts_post_codeobject.h"
#include "code_objects/mon_ts_post_push_spikes.h"
#include "code_objects/mon_ts_pre_codeobject.h"
#include "code_objects/mon_ts_pre_push_spikes.h"
#include "code_objects/mon_ts_synapses_create_array_codeobject.h"
#include "code_objects/poissoninput_1_codeobject.h"
#include "code_objects/poissoninput_codeobject.h"
#include "code_objects/ts_spike_resetter_codeobject.h"
#include "code_objects/ts_spike_thresholder_codeobject.h"
#include "code_objects/ts_spikes_codeobject.h"
#include "code_objects/ts_stateupdater_codeobject.h"
#include "code_objects/ts_to_inh_pre_codeobject.h"
#include "code_objects/ts_to_inh_pre_push_spikes.h"
#include "code_objects/ts_to_inh_synapses_create_array_codeobject.h"


void brian_start()
{
	_init_arrays();
	_load_arrays();
	// Initialize clocks (link timestep and dt to the respective arrays)
    brian::inh_clock.timestep = brian::_array_inh_clock_timestep;
    brian::inh_clock.dt = brian::_array_inh_clock_dt;
    brian::inh_clock.t = brian::_array_inh_clock_t;
    brian::inh_to_mon_clock.timestep = brian::_array_inh_to_mon_clock_timestep;
    brian::inh_to_mon_clock.dt = brian::_array_inh_to_mon_clock_dt;
    brian::inh_to_mon_clock.t = brian::_array_inh_to_mon_clock_t;
    brian::inh_to_ts_clock.timestep = brian::_array_inh_to_ts_clock_timestep;
    brian::inh_to_ts_clock.dt = brian::_array_inh_to_ts_clock_dt;
    brian::inh_to_ts_clock.t = brian::_array_inh_to_ts_clock_t;
    brian::lateral_clock.timestep = brian::_array_lateral_clock_timestep;
    brian::lateral_clock.dt = brian::_array_lateral_clock_dt;
    brian::lateral_clock.t = brian::_array_lateral_clock_t;
    brian::ll_clock.timestep = brian::_array_ll_clock_timestep;
    brian::ll_clock.dt = brian::_array_ll_clock_dt;
    brian::ll_clock.t = brian::_array_ll_clock_t;
    brian::ll_mon_clock.timestep = brian::_array_ll_mon_clock_timestep;
    brian::ll_mon_clock.dt = brian::_array_ll_mon_clock_dt;
    brian::ll_mon_clock.t = brian::_array_ll_mon_clock_t;
    brian::mon_clock.timestep = brian::_array_mon_clock_timestep;
    brian::mon_clock.dt = brian::_array_mon_clock_dt;
    brian::mon_clock.t = brian::_array_mon_clock_t;
    brian::mon_to_inh_clock.timestep = brian::_array_mon_to_inh_clock_timestep;
    brian::mon_to_inh_clock.dt = brian::_array_mon_to_inh_clock_dt;
    brian::mon_to_inh_clock.t = brian::_array_mon_to_inh_clock_t;
    brian::mon_ts_clock.timestep = brian::_array_mon_ts_clock_timestep;
    brian::mon_ts_clock.dt = brian::_array_mon_ts_clock_dt;
    brian::mon_ts_clock.t = brian::_array_mon_ts_clock_t;
    brian::ts_clock.timestep = brian::_array_ts_clock_timestep;
    brian::ts_clock.dt = brian::_array_ts_clock_dt;
    brian::ts_clock.t = brian::_array_ts_clock_t;
    brian::ts_to_inh_clock.timestep = brian::_array_ts_to_inh_clock_timestep;
    brian::ts_to_inh_clock.dt = brian::_array_ts_to_inh_clock_dt;
    brian::ts_to_inh_clock.t = brian::_array_ts_to_inh_clock_t;
}

void brian_end()
{
	_write_arrays();
	_dealloc_arrays();
}


