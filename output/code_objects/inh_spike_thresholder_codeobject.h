#ifndef _INCLUDED_inh_spike_thresholder_codeobject
#define _INCLUDED_inh_spike_thresholder_codeobject

void _run_inh_spike_thresholder_codeobject();


#endif
