#include <stdlib.h>
#include "objects.h"
#include <csignal>
#include <ctime>
#include <time.h>

#include "run.h"
#include "brianlib/common_math.h"

#include "code_objects/inh_spike_resetter_codeobject.h"
#include "code_objects/inh_spike_thresholder_codeobject.h"
#include "code_objects/after_run_inh_spike_thresholder_codeobject.h"
#include "code_objects/inh_spikes_codeobject.h"
#include "code_objects/inh_stateupdater_codeobject.h"
#include "code_objects/inh_to_mon_pre_codeobject.h"
#include "code_objects/inh_to_mon_pre_push_spikes.h"
#include "code_objects/before_run_inh_to_mon_pre_push_spikes.h"
#include "code_objects/inh_to_mon_synapses_create_array_codeobject.h"
#include "code_objects/inh_to_ts_pre_codeobject.h"
#include "code_objects/inh_to_ts_pre_push_spikes.h"
#include "code_objects/before_run_inh_to_ts_pre_push_spikes.h"
#include "code_objects/inh_to_ts_synapses_create_array_codeobject.h"
#include "code_objects/lateral_pre_codeobject.h"
#include "code_objects/lateral_pre_push_spikes.h"
#include "code_objects/before_run_lateral_pre_push_spikes.h"
#include "code_objects/lateral_synapses_create_array_codeobject.h"
#include "code_objects/ll_codeobject.h"
#include "code_objects/ll_mon_post_codeobject.h"
#include "code_objects/ll_mon_post_push_spikes.h"
#include "code_objects/before_run_ll_mon_post_push_spikes.h"
#include "code_objects/ll_mon_pre_codeobject.h"
#include "code_objects/ll_mon_pre_push_spikes.h"
#include "code_objects/before_run_ll_mon_pre_push_spikes.h"
#include "code_objects/ll_mon_synapses_create_array_codeobject.h"
#include "code_objects/mon_spike_resetter_codeobject.h"
#include "code_objects/mon_spike_thresholder_codeobject.h"
#include "code_objects/after_run_mon_spike_thresholder_codeobject.h"
#include "code_objects/mon_spikes_codeobject.h"
#include "code_objects/mon_stateupdater_codeobject.h"
#include "code_objects/mon_to_inh_pre_codeobject.h"
#include "code_objects/mon_to_inh_pre_push_spikes.h"
#include "code_objects/before_run_mon_to_inh_pre_push_spikes.h"
#include "code_objects/mon_to_inh_synapses_create_array_codeobject.h"
#include "code_objects/mon_ts_post_codeobject.h"
#include "code_objects/mon_ts_post_push_spikes.h"
#include "code_objects/before_run_mon_ts_post_push_spikes.h"
#include "code_objects/mon_ts_pre_codeobject.h"
#include "code_objects/mon_ts_pre_push_spikes.h"
#include "code_objects/before_run_mon_ts_pre_push_spikes.h"
#include "code_objects/mon_ts_synapses_create_array_codeobject.h"
#include "code_objects/poissoninput_1_codeobject.h"
#include "code_objects/poissoninput_codeobject.h"
#include "code_objects/ts_spike_resetter_codeobject.h"
#include "code_objects/ts_spike_thresholder_codeobject.h"
#include "code_objects/after_run_ts_spike_thresholder_codeobject.h"
#include "code_objects/ts_spikes_codeobject.h"
#include "code_objects/ts_stateupdater_codeobject.h"
#include "code_objects/ts_to_inh_pre_codeobject.h"
#include "code_objects/ts_to_inh_pre_push_spikes.h"
#include "code_objects/before_run_ts_to_inh_pre_push_spikes.h"
#include "code_objects/ts_to_inh_synapses_create_array_codeobject.h"


#include <iostream>
#include <fstream>
#include <string>




void set_from_command_line(const std::vector<std::string> args)
{
    for (const auto& arg : args) {
		// Split into two parts
		size_t equal_sign = arg.find("=");
		auto name = arg.substr(0, equal_sign);
		auto value = arg.substr(equal_sign + 1, arg.length());
		brian::set_variable_by_name(name, value);
	}
}

void _int_handler(int signal_num) {
	if (Network::_globally_running && !Network::_globally_stopped) {
		Network::_globally_stopped = true;
	} else {
		std::signal(signal_num, SIG_DFL);
		std::raise(signal_num);
	}
}

int main(int argc, char **argv)
{
	std::signal(SIGINT, _int_handler);
	std::random_device _rd;
	std::vector<std::string> args(argv + 1, argv + argc);
	if (args.size() >=2 && args[0] == "--results_dir")
	{
		brian::results_dir = args[1];
		#ifdef DEBUG
		std::cout << "Setting results dir to '" << brian::results_dir << "'" << std::endl;
		#endif
		args.erase(args.begin(), args.begin()+2);
	}
        

	brian_start();
        

	{
		using namespace brian;

		
                
        _array_defaultclock_dt[0] = 0.0001;
        _array_defaultclock_dt[0] = 0.0001;
        _array_defaultclock_dt[0] = 0.0001;
        _array_ll_clock_dt[0] = 0.001;
        _array_ll_clock_dt[0] = 0.001;
        _array_ll__lastindex[0] = 0;
        _array_ll_period[0] = 0.0;
        _array_mon_clock_dt[0] = 0.001;
        _array_mon_clock_dt[0] = 0.001;
        
                        
                        for(int i=0; i<_num__array_mon_lastspike; i++)
                        {
                            _array_mon_lastspike[i] = - 10000.0;
                        }
                        
        
                        
                        for(int i=0; i<_num__array_mon_not_refractory; i++)
                        {
                            _array_mon_not_refractory[i] = true;
                        }
                        
        
                        
                        for(int i=0; i<_num__array_mon_v; i++)
                        {
                            _array_mon_v[i] = _static_array__array_mon_v[i];
                        }
                        
        _array_ts_clock_dt[0] = 0.001;
        _array_ts_clock_dt[0] = 0.001;
        
                        
                        for(int i=0; i<_num__array_ts_lastspike; i++)
                        {
                            _array_ts_lastspike[i] = - 10000.0;
                        }
                        
        
                        
                        for(int i=0; i<_num__array_ts_not_refractory; i++)
                        {
                            _array_ts_not_refractory[i] = true;
                        }
                        
        
                        
                        for(int i=0; i<_num__array_ts_v; i++)
                        {
                            _array_ts_v[i] = _static_array__array_ts_v[i];
                        }
                        
        _array_inh_clock_dt[0] = 0.001;
        _array_inh_clock_dt[0] = 0.001;
        
                        
                        for(int i=0; i<_num__array_inh_lastspike; i++)
                        {
                            _array_inh_lastspike[i] = - 10000.0;
                        }
                        
        
                        
                        for(int i=0; i<_num__array_inh_not_refractory; i++)
                        {
                            _array_inh_not_refractory[i] = true;
                        }
                        
        
                        
                        for(int i=0; i<_num__array_inh_v; i++)
                        {
                            _array_inh_v[i] = _static_array__array_inh_v[i];
                        }
                        
        _array_ll_mon_clock_dt[0] = 0.001;
        _array_ll_mon_clock_dt[0] = 0.001;
        
                        
                        for(int i=0; i<_num__array_ll_mon_sources; i++)
                        {
                            _array_ll_mon_sources[i] = _static_array__array_ll_mon_sources[i];
                        }
                        
        
                        
                        for(int i=0; i<_num__array_ll_mon_targets; i++)
                        {
                            _array_ll_mon_targets[i] = _static_array__array_ll_mon_targets[i];
                        }
                        
        _run_ll_mon_synapses_create_array_codeobject();
        _array_mon_ts_clock_dt[0] = 0.001;
        _array_mon_ts_clock_dt[0] = 0.001;
        
                        
                        for(int i=0; i<_num__array_mon_ts_sources; i++)
                        {
                            _array_mon_ts_sources[i] = _static_array__array_mon_ts_sources[i];
                        }
                        
        
                        
                        for(int i=0; i<_num__array_mon_ts_targets; i++)
                        {
                            _array_mon_ts_targets[i] = _static_array__array_mon_ts_targets[i];
                        }
                        
        _run_mon_ts_synapses_create_array_codeobject();
        _array_lateral_clock_dt[0] = 0.001;
        _array_lateral_clock_dt[0] = 0.001;
        
                        
                        for(int i=0; i<_num__array_lateral_sources; i++)
                        {
                            _array_lateral_sources[i] = _static_array__array_lateral_sources[i];
                        }
                        
        
                        
                        for(int i=0; i<_num__array_lateral_targets; i++)
                        {
                            _array_lateral_targets[i] = _static_array__array_lateral_targets[i];
                        }
                        
        _run_lateral_synapses_create_array_codeobject();
        
                        
                        for(int i=0; i<_dynamic_array_lateral_w.size(); i++)
                        {
                            _dynamic_array_lateral_w[i] = _static_array__dynamic_array_lateral_w[i];
                        }
                        
        _array_mon_to_inh_clock_dt[0] = 0.001;
        _array_mon_to_inh_clock_dt[0] = 0.001;
        
                        
                        for(int i=0; i<_num__array_mon_to_inh_sources; i++)
                        {
                            _array_mon_to_inh_sources[i] = _static_array__array_mon_to_inh_sources[i];
                        }
                        
        
                        
                        for(int i=0; i<_num__array_mon_to_inh_targets; i++)
                        {
                            _array_mon_to_inh_targets[i] = _static_array__array_mon_to_inh_targets[i];
                        }
                        
        _run_mon_to_inh_synapses_create_array_codeobject();
        
                        
                        for(int i=0; i<_dynamic_array_mon_to_inh_w.size(); i++)
                        {
                            _dynamic_array_mon_to_inh_w[i] = 0.5;
                        }
                        
        _array_inh_to_mon_clock_dt[0] = 0.001;
        _array_inh_to_mon_clock_dt[0] = 0.001;
        
                        
                        for(int i=0; i<_num__array_inh_to_mon_sources; i++)
                        {
                            _array_inh_to_mon_sources[i] = _static_array__array_inh_to_mon_sources[i];
                        }
                        
        
                        
                        for(int i=0; i<_num__array_inh_to_mon_targets; i++)
                        {
                            _array_inh_to_mon_targets[i] = _static_array__array_inh_to_mon_targets[i];
                        }
                        
        _run_inh_to_mon_synapses_create_array_codeobject();
        
                        
                        for(int i=0; i<_dynamic_array_inh_to_mon_w.size(); i++)
                        {
                            _dynamic_array_inh_to_mon_w[i] = 1.8;
                        }
                        
        _array_ts_to_inh_clock_dt[0] = 0.001;
        _array_ts_to_inh_clock_dt[0] = 0.001;
        
                        
                        for(int i=0; i<_num__array_ts_to_inh_sources; i++)
                        {
                            _array_ts_to_inh_sources[i] = _static_array__array_ts_to_inh_sources[i];
                        }
                        
        
                        
                        for(int i=0; i<_num__array_ts_to_inh_targets; i++)
                        {
                            _array_ts_to_inh_targets[i] = _static_array__array_ts_to_inh_targets[i];
                        }
                        
        _run_ts_to_inh_synapses_create_array_codeobject();
        
                        
                        for(int i=0; i<_dynamic_array_ts_to_inh_w.size(); i++)
                        {
                            _dynamic_array_ts_to_inh_w[i] = 0.25;
                        }
                        
        _array_inh_to_ts_clock_dt[0] = 0.001;
        _array_inh_to_ts_clock_dt[0] = 0.001;
        
                        
                        for(int i=0; i<_num__array_inh_to_ts_sources; i++)
                        {
                            _array_inh_to_ts_sources[i] = _static_array__array_inh_to_ts_sources[i];
                        }
                        
        
                        
                        for(int i=0; i<_num__array_inh_to_ts_targets; i++)
                        {
                            _array_inh_to_ts_targets[i] = _static_array__array_inh_to_ts_targets[i];
                        }
                        
        _run_inh_to_ts_synapses_create_array_codeobject();
        
                        
                        for(int i=0; i<_dynamic_array_inh_to_ts_w.size(); i++)
                        {
                            _dynamic_array_inh_to_ts_w[i] = 0.2;
                        }
                        
        _array_ll_period[0] = 0.0;
        _dynamic_array_ll_neuron_index.resize(120996);
        _dynamic_array_ll_spike_time.resize(120996);
        _dynamic_array_ll_spike_number.resize(120996);
        
                        
                        for(int i=0; i<_dynamic_array_ll_spike_number.size(); i++)
                        {
                            _dynamic_array_ll_spike_number[i] = _static_array__dynamic_array_ll_spike_number[i];
                        }
                        
        _dynamic_array_ll__timebins.resize(120996);
        
                        
                        for(int i=0; i<_dynamic_array_ll_neuron_index.size(); i++)
                        {
                            _dynamic_array_ll_neuron_index[i] = _static_array__dynamic_array_ll_neuron_index[i];
                        }
                        
        
                        
                        for(int i=0; i<_dynamic_array_ll_spike_time.size(); i++)
                        {
                            _dynamic_array_ll_spike_time[i] = _static_array__dynamic_array_ll_spike_time[i];
                        }
                        
        
                        
                        for(int i=0; i<_dynamic_array_ll_mon_w.size(); i++)
                        {
                            _dynamic_array_ll_mon_w[i] = _static_array__dynamic_array_ll_mon_w[i];
                        }
                        
        
                        
                        for(int i=0; i<_dynamic_array_mon_ts_w.size(); i++)
                        {
                            _dynamic_array_mon_ts_w[i] = _static_array__dynamic_array_mon_ts_w[i];
                        }
                        
        _array_lateral_clock_timestep[0] = 0;
        _array_lateral_clock_t[0] = 0.0;
        _array_inh_clock_timestep[0] = 0;
        _array_inh_clock_t[0] = 0.0;
        _array_mon_ts_clock_timestep[0] = 0;
        _array_mon_ts_clock_t[0] = 0.0;
        _array_ts_to_inh_clock_timestep[0] = 0;
        _array_ts_to_inh_clock_t[0] = 0.0;
        _array_inh_to_ts_clock_timestep[0] = 0;
        _array_inh_to_ts_clock_t[0] = 0.0;
        _array_mon_clock_timestep[0] = 0;
        _array_mon_clock_t[0] = 0.0;
        _array_mon_to_inh_clock_timestep[0] = 0;
        _array_mon_to_inh_clock_t[0] = 0.0;
        _array_ts_clock_timestep[0] = 0;
        _array_ts_clock_t[0] = 0.0;
        _array_inh_to_mon_clock_timestep[0] = 0;
        _array_inh_to_mon_clock_t[0] = 0.0;
        _array_ll_clock_timestep[0] = 0;
        _array_ll_clock_t[0] = 0.0;
        _array_ll_mon_clock_timestep[0] = 0;
        _array_ll_mon_clock_t[0] = 0.0;
        _array_ll__lastindex[0] = 0;
        
                        
                        for(int i=0; i<_dynamic_array_ll__timebins.size(); i++)
                        {
                            _dynamic_array_ll__timebins[i] = _static_array__dynamic_array_ll__timebins[i];
                        }
                        
        _array_ll__period_bins[0] = 0.0;
        _before_run_inh_to_mon_pre_push_spikes();
        _before_run_inh_to_ts_pre_push_spikes();
        _before_run_lateral_pre_push_spikes();
        _before_run_ll_mon_pre_push_spikes();
        _before_run_mon_to_inh_pre_push_spikes();
        _before_run_mon_ts_pre_push_spikes();
        _before_run_ts_to_inh_pre_push_spikes();
        _before_run_ll_mon_post_push_spikes();
        _before_run_mon_ts_post_push_spikes();
        network.clear();
        network.add(&inh_clock, _run_inh_stateupdater_codeobject);
        network.add(&mon_clock, _run_mon_stateupdater_codeobject);
        network.add(&ts_clock, _run_ts_stateupdater_codeobject);
        network.add(&inh_clock, _run_inh_spike_thresholder_codeobject);
        network.add(&ll_clock, _run_ll_codeobject);
        network.add(&mon_clock, _run_mon_spike_thresholder_codeobject);
        network.add(&ts_clock, _run_ts_spike_thresholder_codeobject);
        network.add(&inh_clock, _run_inh_spikes_codeobject);
        network.add(&mon_clock, _run_mon_spikes_codeobject);
        network.add(&ts_clock, _run_ts_spikes_codeobject);
        network.add(&inh_clock, _run_inh_to_mon_pre_push_spikes);
        network.add(&inh_clock, _run_inh_to_mon_pre_codeobject);
        network.add(&inh_clock, _run_inh_to_ts_pre_push_spikes);
        network.add(&inh_clock, _run_inh_to_ts_pre_codeobject);
        network.add(&ts_clock, _run_lateral_pre_push_spikes);
        network.add(&ts_clock, _run_lateral_pre_codeobject);
        network.add(&ll_clock, _run_ll_mon_pre_push_spikes);
        network.add(&ll_clock, _run_ll_mon_pre_codeobject);
        network.add(&mon_clock, _run_mon_to_inh_pre_push_spikes);
        network.add(&mon_clock, _run_mon_to_inh_pre_codeobject);
        network.add(&mon_clock, _run_mon_ts_pre_push_spikes);
        network.add(&mon_clock, _run_mon_ts_pre_codeobject);
        network.add(&ts_clock, _run_ts_to_inh_pre_push_spikes);
        network.add(&ts_clock, _run_ts_to_inh_pre_codeobject);
        network.add(&mon_clock, _run_poissoninput_codeobject);
        network.add(&ts_clock, _run_poissoninput_1_codeobject);
        network.add(&mon_clock, _run_ll_mon_post_push_spikes);
        network.add(&mon_clock, _run_ll_mon_post_codeobject);
        network.add(&ts_clock, _run_mon_ts_post_push_spikes);
        network.add(&ts_clock, _run_mon_ts_post_codeobject);
        network.add(&inh_clock, _run_inh_spike_resetter_codeobject);
        network.add(&mon_clock, _run_mon_spike_resetter_codeobject);
        network.add(&ts_clock, _run_ts_spike_resetter_codeobject);
        network.add(&lateral_clock, NULL);
        network.add(&mon_ts_clock, NULL);
        network.add(&ts_to_inh_clock, NULL);
        network.add(&inh_to_ts_clock, NULL);
        network.add(&mon_to_inh_clock, NULL);
        network.add(&inh_to_mon_clock, NULL);
        network.add(&ll_mon_clock, NULL);
        set_from_command_line(args);
        network.run(24.0, NULL, 10.0);
        _after_run_inh_spike_thresholder_codeobject();
        _after_run_mon_spike_thresholder_codeobject();
        _after_run_ts_spike_thresholder_codeobject();
        #ifdef DEBUG
        _debugmsg_inh_spikes_codeobject();
        #endif
        
        #ifdef DEBUG
        _debugmsg_mon_spikes_codeobject();
        #endif
        
        #ifdef DEBUG
        _debugmsg_ts_spikes_codeobject();
        #endif
        
        #ifdef DEBUG
        _debugmsg_inh_to_mon_pre_codeobject();
        #endif
        
        #ifdef DEBUG
        _debugmsg_inh_to_ts_pre_codeobject();
        #endif
        
        #ifdef DEBUG
        _debugmsg_lateral_pre_codeobject();
        #endif
        
        #ifdef DEBUG
        _debugmsg_ll_mon_pre_codeobject();
        #endif
        
        #ifdef DEBUG
        _debugmsg_mon_to_inh_pre_codeobject();
        #endif
        
        #ifdef DEBUG
        _debugmsg_mon_ts_pre_codeobject();
        #endif
        
        #ifdef DEBUG
        _debugmsg_ts_to_inh_pre_codeobject();
        #endif
        
        #ifdef DEBUG
        _debugmsg_ll_mon_post_codeobject();
        #endif
        
        #ifdef DEBUG
        _debugmsg_mon_ts_post_codeobject();
        #endif

	}
        

	brian_end();
        

	return 0;
}