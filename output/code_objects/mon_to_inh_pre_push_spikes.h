#ifndef _INCLUDED_mon_to_inh_pre_push_spikes
#define _INCLUDED_mon_to_inh_pre_push_spikes

void _run_mon_to_inh_pre_push_spikes();


#endif
